// Runs a decoder in the browser, by ONNX Runtime Web. Its WebAssembly is in scripts, as a page opened from disk may not fetch files.
"use strict";
(() => {
  const start = async () => {
    const glue = "ort-wasm-simd-threaded";
    await facsimile.script("vendor/ort.wasm.min.js");
    const [script, binary] = await Promise.all([facsimile.embedded(`${glue}.mjs`), facsimile.embedded(`${glue}.wasm`)]);
    ort.env.wasm.numThreads = 1; // threads need headers that only a server can send
    ort.env.wasm.wasmBinary = binary.buffer;
    ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(new Blob([script], { type: "text/javascript" })) };
    ort.env.logLevel = "error";
  };
  let started = null;

  facsimile.decoder = {
    /** Open a decoder. Its ``pictures`` maps codes, an array of n arrays, to float32 [n, c, h, w] in [0, 1]; calls run one after the other. */
    open: async (base64) => {
      started ??= start();
      await started;
      const session = await ort.InferenceSession.create(facsimile.bytes(base64), { executionProviders: ["wasm"] });
      let last = Promise.resolve();
      const run = async (codes) => {
        const input = new ort.Tensor("float32", Float32Array.from(codes.flat()), [codes.length, codes[0].length]);
        const { pixels } = await session.run({ codes: input });
        return pixels.data;
      };
      return {
        pictures: (codes) => { last = last.catch(() => {}).then(() => run(codes)); return last; },
        close: () => last.catch(() => {}).then(() => session.release()),
      };
    },
  };

  /** Paint image ``index`` of float32 [n, c, h, w] on a canvas at x. */
  facsimile.paint = (canvas, data, index, [height, width, channels], x = 0) => {
    const image = new ImageData(width, height);
    const size = height * width;
    const first = index * size * channels;
    for (let i = 0; i < size; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = Math.round(255 * data[first + (channels === 1 ? 0 : c) * size + i]);
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, x, 0);
  };
})();
