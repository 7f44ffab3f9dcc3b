// Greys a suggested prose cell: VS Code's own Markdown renderer draws it, and the cell's metadata says what it is.
export async function activate(context) {
  const markdown = await context.getRenderer('vscode.markdown-it-renderer');
  markdown?.extendMarkdownIt((it) => {
    const render = it.renderer.render;
    it.renderer.render = function (tokens, options, env) {
      const html = render.call(this, tokens, options, env);
      const ghost = env?.outputItem?.metadata?.ghostcells?.ghost === true;
      return ghost
        ? `<div class="ghostcells-suggested" role="note" aria-label="suggested cell" style="opacity:.55;font-style:italic">${html}</div>`
        : html;
    };
  });
}
