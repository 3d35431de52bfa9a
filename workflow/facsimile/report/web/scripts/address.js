// The part of the address after #: a section, #scores?dataset=…&model=…, or #run/KEY?score=….
"use strict";
(() => {
  const AIMING = 4000; // milliseconds
  const handlers = new Map();
  let section = "#top";

  const read = () => {
    const [path, query] = decodeURI(location.hash.slice(1)).split("?");
    const [name, ...rest] = path.split("/");
    return { name, key: rest.join("/"), stated: Object.fromEntries(new URLSearchParams(location.hash.split("?")[1] || "")), query };
  };

  // A section that comes into view on the way of a jump may grow (the explorer loads a run): hold on to the jump's aim meanwhile.
  let aimed = null, letGo = 0;
  const aim = (target) => {
    aimed = target;
    clearTimeout(letGo);
    letGo = setTimeout(() => { aimed = null; }, AIMING);
  };
  new ResizeObserver(() => aimed?.scrollIntoView({ behavior: "instant" })).observe(document.querySelector("main"));
  for (const own of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(own, () => { aimed = null; }, { passive: true });

  const follow = () => {
    const found = read();
    if (found.name !== "run") section = location.hash || "#top";
    const handler = handlers.get(found.name);
    if (handler) handler(found);
    if (found.name === "run") return;
    aim(facsimile.by(found.name));
    if (found.query !== undefined) aimed?.scrollIntoView();
  };

  facsimile.address = {
    /** Call ``act`` with {key, stated} whenever the address names this part of the page. */
    on: (name, act) => handlers.set(name, act),
    follow,
    /** Change the address without a jump and without an entry of the browser's history. */
    state: (name, stated) => {
      const query = new URLSearchParams(Object.entries(stated).filter(([, value]) => value !== ""));
      section = `#${name}${String(query) ? `?${query}` : ""}`;
      history.replaceState(null, "", section);
    },
    /** Leave a run: the address is that of the section again. */
    leave: () => history.replaceState(null, "", section),
    run: (key, score) => `#run/${encodeURI(key)}${score ? `?score=${encodeURIComponent(score)}` : ""}`,
  };
  addEventListener("hashchange", follow);

  // The section that is looked at is marked in the navigation.
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
