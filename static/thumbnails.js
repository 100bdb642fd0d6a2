// Small pictures of files, made one after another once they are scrolled into view.

const LARGEST_FILE = 10 * 1024 * 1024; // in bytes; larger ones have none

export class Thumbnails {
  #files = new Map(); // from each canvas that waits to its file
  #queue = Promise.resolve();
  #observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) this.#make(target);
  });

  /** Paint a file on a canvas, once the canvas is in view. */
  add(canvas, file) {
    if (file.size > LARGEST_FILE) return;
    this.#files.set(canvas, file);
    this.#observer.observe(canvas);
  }

  /** Forget all that wait. */
  clear() {
    this.#observer.disconnect();
    this.#files.clear();
  }

  #make(canvas) {
    this.#observer.unobserve(canvas);
    this.#queue = this.#queue.then(() => this.#paint(canvas));
  }

  async #paint(canvas) {
    const file = this.#files.get(canvas);
    this.#files.delete(canvas);
    if (!file || !canvas.isConnected) return;
    try {
      const whole = await createImageBitmap(file);
      const scale = Math.min(canvas.width / whole.width, canvas.height / whole.height);
      const [width, height] = [whole.width * scale, whole.height * scale];
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(
        whole, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height,
      );
      whole.close();
    } catch {
      // The browser cannot show it; the row says whether the server can read it.
    }
  }
}
