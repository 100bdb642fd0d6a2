// The buttons for many pictures, the camera and cropping, whose module comes when it is used.

const $ = (id) => document.getElementById(id);

/** Offer them for an editor, whose page has the template with the buttons. */
export function offerPictures(editor) {
  const { content, dataset } = $("picture-tools");
  document.querySelector(".tools").append(content);
  $("upload").multiple = true;
  $("upload").accept += ",application/zip,.zip";
  const { sheet } = editor;
  // There is none over plain HTTP. Phones and tablets have their own in the choice of a file.
  const { mediaDevices } = navigator;
  $("camera").hidden = !mediaDevices?.getUserMedia || matchMedia("(pointer: coarse)").matches;
  const update = () => {
    $("crop").hidden = !sheet.picture?.bitmap;
  };
  sheet.addEventListener("change", update);
  update();

  const use = async (action) => {
    let tools;
    try {
      tools = await import("./picture_tools.js");
      await tools.load(dataset.parts);
    } catch {
      editor.explain("part_missing");
      return;
    }
    await action(tools);
  };
  editor.onSeveral = (files) => use((tools) => tools.readMany(files));
  $("camera").addEventListener("click", () => use((tools) => tools.takePicture(editor)));
  $("crop").addEventListener("click", () => use((tools) => tools.cropShown(editor)));
}
