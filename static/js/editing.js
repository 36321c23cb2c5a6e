// The block editor comes when editing begins, and not before: pages that are only read do not carry it.

/** Make every textarea under `root` that asks for it (data-editor: the address of its stylesheet) a block editor. */
export async function startEditors(root) {
  for (const textarea of root.querySelectorAll("textarea[data-editor]")) {
    try {
      const [{ edit }] = await Promise.all([import("./editor.js"), styled(textarea.dataset.editor)]);
      if (!textarea.isConnected) continue;
      const hadFocus = document.activeElement === textarea;
      const editor = edit(textarea);
      if (hadFocus) editor.focus();
    } catch {
      // Without it the textarea does.
    }
  }
}

function styled(href) {
  if (document.querySelector(`link[href="${CSS.escape(href)}"]`)) return null;
  return new Promise((answer) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href, onload: answer, onerror: answer });
    document.head.append(link);
  });
}
