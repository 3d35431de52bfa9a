// What all parts of the page use: data that come as scripts, elements, numbers as text.
"use strict";
(() => {
  const given = new Map();
  const asked = new Map();

  /** Called by the scripts under data/ and vendor/: see report/_script.py. */
  facsimile.give = (name, value) => given.set(name, value);

  /** Load a script once; a page that is opened from disk may not fetch. */
  facsimile.script = (path) => {
    if (!asked.has(path)) {
      asked.set(path, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = path;
        script.onload = () => resolve();
        script.onerror = () => { asked.delete(path); reject(new Error(`${path} cannot be read: is the report's folder complete?`)); };
        document.head.append(script);
      }));
    }
    return asked.get(path);
  };

  /** What a script of data/ gives. */
  facsimile.load = async (name) => {
    await facsimile.script(`data/${name}.js`);
    return given.get(name);
  };

  /** Bytes that lie in a script of vendor/, as gzip in base64. */
  facsimile.embedded = async (name) => {
    await facsimile.script(`vendor/${name}.js`);
    const packed = new Blob([facsimile.bytes(given.get(`embedded/${name}`))]);
    given.delete(`embedded/${name}`);
    return new Uint8Array(await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
  };

  facsimile.bytes = (base64) =>
    Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64) : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

  facsimile.by = (id) => document.getElementById(id);

  /** An element with attributes and children; text is never read as HTML. */
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

  /** Three decimals, a whole number above 1 in full, – for no number: as the tables print them. */
  facsimile.plain = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "–";
    const count = Math.abs(value) >= 1000 || (Number.isInteger(value) && Math.abs(value) > 1);
    if (value !== 0 && Math.abs(value) < 0.0005) return value.toExponential(1);
    return count ? Math.round(value).toLocaleString("en") : value.toFixed(3);
  };

  facsimile.style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /** The last call alone, once nothing has called for a while. */
  facsimile.later = (act, wait = 120) => {
    let timer = 0;
    return (...words) => { clearTimeout(timer); timer = setTimeout(() => act(...words), wait); };
  };
})();
