// The part of the address after #: a section, #scores?dataset=…&model=…, or #run/KEY?score=….
"use strict";
(() => {
  const AIMING = 4000; // milliseconds
  const handlers = new Map();
  let section = "#top";

  const read = () => {
    const [path, query] = decodeURI(location.hash.slice(1)).split("?");
    const [name, ...rest] = path.split("/");
    return { name, key: rest.join("/"), parameters: Object.fromEntries(new URLSearchParams(location.hash.split("?")[1] || "")), query };
  };

  // Sections passed during a jump may grow (the explorer loads a run), which moves the target: scroll to it again.
  let target = null, release = 0;
  const aim = (element) => {
    target = element;
    clearTimeout(release);
    release = setTimeout(() => { target = null; }, AIMING);
  };
  new ResizeObserver(() => target?.scrollIntoView({ behavior: "instant" })).observe(document.querySelector("main"));
  // The reader takes over.
  for (const type of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(type, () => { target = null; }, { passive: true });

  const follow = () => {
    const address = read();
    if (address.name !== "run") section = location.hash || "#top";
    const handler = handlers.get(address.name);
    if (handler) handler(address);
    if (address.name === "run") return;
    aim(facsimile.by(address.name));
    if (address.query !== undefined) target?.scrollIntoView();
  };

  facsimile.address = {
    /** Call ``act`` with {key, parameters} whenever the address has this name. */
    on: (name, act) => handlers.set(name, act),
    follow,
    /** Change the address without scrolling and without an entry in the browser's history. */
    state: (name, parameters) => {
      const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ""));
      section = `#${name}${String(query) ? `?${query}` : ""}`;
      history.replaceState(null, "", section);
    },
    /** Close a run: the address becomes that of the section again. */
    leave: () => history.replaceState(null, "", section),
    run: (key, score) => `#run/${encodeURI(key)}${score ? `?score=${encodeURIComponent(score)}` : ""}`,
  };
  addEventListener("hashchange", follow);

  // Mark the section in view in the navigation.
  const links = new Map([...document.querySelectorAll(".bar nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const link = links.get(target.id);
      if (!link) continue;
      if (isIntersecting) {
        links.forEach((other) => other.removeAttribute("aria-current"));
        link.setAttribute("aria-current", "true");
        link.parentElement.scrollTo({ left: link.offsetLeft - 60 });
      }
    }
  }, { rootMargin: "-20% 0px -70% 0px" });
  document.querySelectorAll("main > section").forEach((part) => seen.observe(part));
})();
