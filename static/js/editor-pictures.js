// Pictures of a description: uploaded at once, shown in their final size while they are on their way, waited for by the form.

import { insert, selected } from "./editor-commands.js";
import { caret, draw, fields, make } from "./editor-dom.js";
import { reasonOf } from "./post.js";

const TYPES = "image/png, image/jpeg, image/gif, image/webp"; // what the server shows inside a page
const SIDE_MAX = 1520; // pixels of a preview

export class Pictures {
  constructor(editor) {
    this.editor = editor;
    this.uploads = new Set();
  }

  /** Let the viewer pick files. */
  pick() {
    const input = make("input", { type: "file", accept: TYPES, multiple: true });
    input.addEventListener("change", () => this.add([...input.files]));
    input.click();
  }

  async add(files) {
    for (const file of files.map(named)) {
      const preview = await drawn(file);
      if (preview) this.show(file, preview);
      else this.editor.tell(`${file.name} is no picture that a browser can show. Attach it as a file.`);
    }
  }

  show(file, preview) {
    const { editor } = this;
    if (!selected(editor.root)) editor.focus();
    const [figure] = editor.act(() => insert(editor.root, [{ kind: "image", url: "", alt: "" }]), `${file.name} is being uploaded`);
    const progress = make("progress", { max: 1, value: 0, ariaLabel: `Uploading ${file.name}` });
    figure.firstElementChild.replaceWith(preview.canvas);
    preview.canvas.after(progress);
    const upload = send(file, (part) => { progress.value = part; }).then(async ({ url, problem }) => {
      progress.remove();
      if (problem) this.fail(figure, file, preview, problem);
      else await this.arrive(figure, url, preview);
      this.uploads.delete(upload);
    });
    this.uploads.add(upload);
    editor.changed();
  }

  async arrive(figure, url, { canvas, width, height }) {
    figure.dataset.url = url;
    const image = make("img", { src: url, alt: "", width, height });
    await image.decode().catch(() => null); // so that there is always something to see
    canvas.replaceWith(image);
    this.editor.changed();
    this.editor.say("Uploaded");
  }

  fail(figure, file, preview, problem) {
    const again = make("button", { type: "button", className: "btn sm", textContent: "Try again" });
    preview.canvas.after(make("p", { className: "err", role: "alert" }, `${file.name} was not uploaded. ${problem} `, again));
    again.addEventListener("click", () => {
      const place = draw({ kind: "paragraph", text: "" });
      figure.replaceWith(place);
      caret(fields(place)[0], 0);
      this.show(file, preview);
    });
    this.editor.changed();
  }

  /** Resolves when nothing is on its way any more, to whether all of it arrived. */
  async settled() {
    await Promise.all([...this.uploads]);
    return this.editor.root.querySelector("figure .err") === null;
  }
}

/** A preview, and the size of the picture itself; null if it is none. A canvas, because the policy allows no other address than ours. */
async function drawn(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return null;
  const { width, height } = bitmap;
  const scale = Math.min(1, SIDE_MAX / Math.max(width, height));
  const canvas = make("canvas", { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return { canvas, width, height };
}

/** A pasted picture has no name of its own. */
function named(file) {
  const moment = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return file.name && file.name !== "image.png" ? file : new File([file], `pasted-${moment}.${file.type.split("/")[1] ?? "png"}`, { type: file.type });
}

/** Send a file: resolves to {url}, or to {problem} in words. progress(0 to 1). */
function send(file, progress) {
  return new Promise((answer) => {
    const body = new FormData();
    body.append("files", file);
    body.append("csrfmiddlewaretoken", document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "");
    const request = new XMLHttpRequest();
    request.open("POST", "/file");
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(loaded / total));
    request.addEventListener("loadend", () => {
      if (request.status === 201) answer({ url: request.responseText.trim() });
      else answer({ problem: reasonOf(request) });
    });
    request.send(body);
  });
}
