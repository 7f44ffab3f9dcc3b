"""The pages: what happened, why, what it cost and whether it learns, on a local web page or in one file of HTML."""
