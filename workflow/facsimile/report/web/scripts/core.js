// Helpers for all parts of the page: data in scripts, elements, numbers as text.
"use strict";
(() => {
  const values = new Map();
  const loading = new Map();

  /** Called by the scripts under data/ and vendor/: see report/_script.py. */
  facsimile.give = (name, value) => values.set(name, value);

  /** Load a script once. A page opened from disk may not fetch files. */
  facsimile.script = (path) => {
    if (!loading.has(path)) {
      loading.set(path, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = path;
        script.onload = () => resolve();
        script.onerror = () => { loading.delete(path); reject(new Error(`${path} cannot be read. Is the report's folder complete?`)); };
        document.head.append(script);
      }));
    }
    return loading.get(path);
  };

  /** The value of a script in data/. */
  facsimile.load = async (name) => {
    await facsimile.script(`data/${name}.js`);
    return values.get(name);
  };

  /** Bytes from a script in vendor/, stored as base64 of gzip. */
  facsimile.embedded = async (name) => {
    await facsimile.script(`vendor/${name}.js`);
    const packed = new Blob([facsimile.bytes(values.get(`embedded/${name}`))]);
    values.delete(`embedded/${name}`);
    return new Uint8Array(await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
  };

  facsimile.bytes = (base64) =>
    Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64) : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

  facsimile.by = (id) => document.getElementById(id);

  /** An element with attributes and children. Text is never parsed as HTML. */
  facsimile.make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  };

  facsimile.escaped = (text) =>
    String(text).replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]);

  /** A number as in the tables: three decimals, whole numbers above 1 in full, – if missing. */
  facsimile.plain = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    const count = Math.abs(value) >= 1000 || (Number.isInteger(value) && Math.abs(value) > 1);
    if (value !== 0 && Math.abs(value) < 0.0005) return value.toExponential(1);
    return count ? Math.round(value).toLocaleString("en") : value.toFixed(3);
  };

  facsimile.style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /** Debounce: only the last call runs, after ``wait`` milliseconds without another. */
  facsimile.later = (act, wait = 120) => {
    let timer = 0;
    return (...args) => { clearTimeout(timer); timer = setTimeout(() => act(...args), wait); };
  };
})();
