// The camera: a dialog with what it sees, and a picture of that.

// Enough for a sheet of paper; the picture is scaled down to this in any case.
const SIZE = { width: { ideal: 1920 }, height: { ideal: 1080 } };

/**
 * Show what the camera sees. Resolves with an ImageBitmap once a picture is taken, "file" if a file
 * is to be chosen instead, and null if the dialog was closed. By then the camera is off.
 */
export function takePicture(dialog) {
  return new Viewfinder(dialog).open();
}

class Viewfinder {
  #dialog;
  #video;
  #stream = null;
  #cameras = []; // their ids, if there are several
  #outcome = null;
  #closed = new AbortController();

  constructor(dialog) {
    this.#dialog = dialog;
    this.#video = dialog.querySelector("video");
  }

  open() {
    const { signal } = this.#closed;
    const on = (id, listener) =>
      this.#find(id).addEventListener("click", listener, { signal });
    on("shoot", () => this.#shoot());
    on("other-camera", () => this.#start(this.#nextCamera()));
    on("file-instead", () => this.#end("file"));
    on("viewfinder-close", () => this.#end(null));
    // The page's shortcuts are not for what is typed here.
    this.#dialog.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
    addEventListener("pagehide", () => this.#end(null), { signal });
    this.#dialog.showModal();
    this.#start();
    return new Promise((resolve) => {
      const close = () => {
        this.#closed.abort();
        this.#stop();
        resolve(this.#outcome);
      };
      this.#dialog.addEventListener("close", close, { once: true });
    });
  }

  async #start(deviceId) {
    this.#stop();
    this.#say("waiting");
    const camera = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "environment" };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { ...SIZE, ...camera } });
      if (this.#closed.signal.aborted) return stop(stream); // closed while it was asked for
      this.#stream = stream;
      stream.getVideoTracks()[0].addEventListener("ended", () => this.#fail("gone"));
      this.#video.srcObject = stream;
      await this.#video.play();
      this.#say("");
      this.#find("shoot").disabled = false;
      this.#find("shoot").focus();
      await this.#findCameras();
    } catch (error) {
      if (!this.#closed.signal.aborted) this.#fail(error.name);
    }
    return undefined;
  }

  async #findCameras() {
    const devices = await navigator.mediaDevices.enumerateDevices(); // named once it is allowed
    const cameras = devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
    this.#cameras = cameras.map(({ deviceId }) => deviceId);
    this.#find("other-camera").hidden = this.#cameras.length < 2;
  }

  #nextCamera() {
    const { deviceId } = this.#stream?.getVideoTracks()[0].getSettings() ?? {};
    return this.#cameras[(this.#cameras.indexOf(deviceId) + 1) % this.#cameras.length];
  }

  async #shoot() {
    const picture = await createImageBitmap(this.#video);
    if (this.#closed.signal.aborted) picture.close();
    else this.#end(picture);
  }

  #fail(name) {
    this.#stop();
    this.#say(name in this.#dialog.dataset ? name : "failed");
    this.#find("file-instead").focus();
  }

  /** Say what the dialog has in the attribute of this name. */
  #say(name) {
    this.#dialog.querySelector("[role=status]").textContent = this.#dialog.dataset[name] ?? "";
  }

  #end(outcome) {
    this.#outcome = outcome;
    this.#dialog.close();
  }

  #stop() {
    this.#find("shoot").disabled = true;
    this.#video.srcObject = null;
    if (this.#stream) stop(this.#stream);
    this.#stream = null;
  }

  #find(id) {
    return this.#dialog.querySelector(`#${id}`);
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}
