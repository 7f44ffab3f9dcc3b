"""Secrets that show by their own shape: the tokens that vendors give a prefix, and signed or hashed ones.

Each alternative begins with its literal prefix, so one pass over the text tries them all.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from ghostcells.privacy import values
from ghostcells.privacy.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ghostcells.privacy.reading import Reading

_SHAPES: tuple[tuple[str, str], ...] = (
    ("aws-key", r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[0-9A-Z]{16}(?![0-9A-Za-z])"),
    ("aws-key", r"(?:ABSK|bedrock-api-key-)[A-Za-z0-9+/=]{40,}+"),
    ("github-token", r"gh[pousr]_[A-Za-z0-9_]{20,}+|github_pat_[A-Za-z0-9_]{20,}+"),
    ("gitlab-token", r"gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct|oas)-[\w.-]{16,}+|GR1348941[\w-]{16,}+"),
    ("slack-token", r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}+|xapp-[A-Za-z0-9-]{10,}+|xwfp-[A-Za-z0-9-]{10,}+"),
    ("stripe-key", r"(?:sk|rk|pk)_(?:live|test|prod)_[0-9A-Za-z]{8,}+|whsec_[A-Za-z0-9+/=]{16,}+"),
    ("anthropic-key", r"sk-ant-[\w-]{12,}+"),
    ("openai-key", r"sk-(?:proj-|svcacct-|admin-|or-v1-|None-)?[A-Za-z0-9][\w-]{18,}+"),
    ("huggingface-token", r"hf_[A-Za-z0-9]{20,}+|api_org_[A-Za-z0-9]{30,}+"),
    ("google-key", r"AIza[\w-]{30,}+|GOCSPX-[\w-]{16,}+|ya29\.[\w.-]{20,}+|1//0[\w-]{24,}+"),
    ("npm-token", r"npm_[A-Za-z0-9-]{30,}+"),
    ("pypi-token", r"pypi-[\w-]{16,}+"),
    ("jwt", r"(?<![\w-])ey[JK][\w-]{8,}+\.[\w=-]{4,}+(?:\.[\w=.+/-]*+)?"),
    ("sendgrid-key", r"SG\.[\w-]{12,}+\.[\w-]{12,}+"),
    ("twilio-key", r"(?:SK|AC)[0-9a-f]{32}(?![0-9A-Za-z])"),
    ("mailgun-key", r"(?:key|pubkey)-[0-9a-zA-Z]{32}(?![0-9A-Za-z-])|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![\w-])"),
    ("mailchimp-key", r"[0-9a-f]{32}-us\d{1,2}(?!\d)"),
    ("telegram-token", r"\d{8,10}:AA[\w-]{30,}+"),
    ("digitalocean-token", r"do[oprt]_v1_[a-f0-9]{32,}+"),
    ("shopify-token", r"shp(?:at|ca|pa|ss|ua)_[A-Fa-f0-9]{16,}+"),
    ("docker-token", r"dckr_(?:pat|oat)_[\w-]{16,}+"),
    ("vault-token", r"hv[sbr]\.[\w-]{20,}+|s\.[A-Za-z0-9]{24}(?![\w.-])"),
    ("terraform-token", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,}+"),
    ("atlassian-token", r"AT[AC]TT3[\w=+/-]{20,}+|ATBB[A-Za-z0-9]{24,}+"),
    ("square-token", r"sq0[a-z]{3}-[\w-]{20,}+|EAAA[\w-]{50,}+"),
    ("grafana-token", r"gl(?:sa|c)_[A-Za-z0-9_=+/]{20,}+"),
    ("databricks-token", r"dapi[a-f0-9]{32}"),
    ("age-key", r"AGE-SECRET-KEY-1[0-9A-Z]{20,}+"),
    (
        "api-key",
        (
            r"(?:gsk_|r8_|xai-|pplx-|fw_|rubygems_|lin_api_|ntn_|sbp_|NRAK-|NRRA-|pul-|bkua_|rnd_|cio|EZ[AT]K|phc_|phx_|LTAI|AKID"
            r"|secret_|key_(?:live|test)_|rzp_(?:live|test)_|shippo_(?:live|test)_|vc[kpa]_|nfp_|lsv2_(?:pt|sk)_|re_)"
            r"(?=[A-Za-z]{0,40}+[0-9])[A-Za-z0-9]{16,}+"
        ),
    ),
    (
        "api-key",
        (
            r"(?:nvapi-|tvly-|figd_|sb_secret_|pscale_(?:tkn|pw|oauth)_|PMAK-|CFPAT-|sntry[su]_|tskey-|dp\.[a-z]{2,5}\.|fo1_"
            r"|fm[12][ar]?_|ops_ey|FLWSECK(?:_TEST)?-)(?=[A-Za-z_-]{0,60}+[0-9])[\w+/=.-]{20,}+"
        ),
    ),
    (
        "webhook-url",
        (
            r"https://hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[\w/+-]{8,}+"
            r"|https://(?:\w{2,8}\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/[\w-]{16,}+"
            r"|https://[\w.-]{1,60}\.webhook\.office\.com/[\w@/-]{20,}+"
        ),
    ),
    ("discord-token", r"[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,38}(?![\w-])"),
)

_HINTS = (
    *(
        "akia",
        "asia",
        "abia",
        "acca",
        "a3t",
        "absk",
        "bedrock-api",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
    ),
    *(
        "glpat-",
        "gldt-",
        "glrt",
        "glcbt-",
        "glptt-",
        "glft-",
        "glimt-",
        "glagent-",
        "glsoat-",
        "glffct-",
        "gloas-",
        "gr13489",
    ),
    *(
        "xox",
        "xapp-",
        "xwfp-",
        "k_live",
        "k_test",
        "k_prod",
        "whsec_",
        "sk-",
        "hf_",
        "api_org_",
        "aiza",
        "gocspx-",
        "ya29.",
    ),
    *(
        "1//0",
        "npm_",
        "pypi-",
        "eyj",
        "eyk",
        "sg.",
        "key-",
        ":aa",
        "do_v1",
        "doo_v1",
        "dop_v1",
        "dor_v1",
        "dot_v1",
        "shpat_",
    ),
    *(
        "shpca_",
        "shppa_",
        "shpss_",
        "shpua_",
        "dckr_",
        "hvs.",
        "hvb.",
        "hvr.",
        "vault",
        "atlasv1",
        "attt3",
        "tctt3",
        "atbb",
    ),
    *(
        "sq0",
        "eaaa",
        "glsa_",
        "glc_",
        "dapi",
        "age-secret",
        "gsk_",
        "r8_",
        "xai-",
        "pplx-",
        "fw_",
        "rubygems_",
        "lin_api_",
    ),
    *("ntn_", "sbp_", "nrak-", "nrra-", "pul-", "bkua_", "rnd_", "cio", "ezak", "eztk", "phc_", "phx_", "ltai", "akid"),
    *(
        "secret_",
        "key_live",
        "key_test",
        "rzp_",
        "shippo_",
        "vck_",
        "vcp_",
        "vca_",
        "nfp_",
        "lsv2_",
        "re_",
        "nvapi-",
        "tvly-",
    ),
    *(
        "figd_",
        "sb_secret_",
        "pscale_",
        "pmak-",
        "cfpat-",
        "sntry",
        "tskey-",
        "dp.",
        "fo1_",
        "fm1",
        "fm2",
        "ops_ey",
        "flwsec",
    ),
    *("hooks.slack", "webhook", "discord"),
)
"""In lower case, one or more of which every shape above holds, but those that `_BARE_WORD` knows."""

_BARE_WORD = re.compile(
    r"(?:sk|ac)[0-9a-f]{32}|[0-9a-f]{32}-(?:us\d{1,2}|[0-9a-f]{8}-[0-9a-f]{8})|[mno][a-z\d_-]{23,25}"
)
_SHORTEST = 16


def holds_long_word(reading: Reading) -> bool:
    """Whether any word is as long as the shortest token: without one no shape can match."""
    return max(map(len, reading.words), default=0) >= _SHORTEST


@cache
def _pattern() -> re.Pattern[str]:
    shapes = "|".join(f"(?P<k{index}>{shape})" for index, (_, shape) in enumerate(_SHAPES))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{shapes})")


def find_tokens(reading: Reading) -> Iterator[Span]:
    hints = reading.holds(_HINTS)
    hints += [word for word in reading.words if len(word) >= _SHORTEST and _BARE_WORD.fullmatch(word)]
    for start, end in reading.windows(hints) if hints else ():
        for found in _pattern().finditer(reading.text, start, end):
            group = found.lastgroup or ""
            first, last = found.span(group)
            if not values.is_reference(reading.text[first:last]):
                yield Span(first, last, _SHAPES[int(group[1:])][0])
