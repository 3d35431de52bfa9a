// Loads the runs, then makes the parts that show them, then goes where the address says.
"use strict";
(async () => {
  try {
    await facsimile.runs.load();
    await facsimile.table.make();
    facsimile.filters.make();
    facsimile.address.on("scores", ({ stated }) => { if (Object.keys(stated).length) facsimile.filters.state(stated); });
    await facsimile.latents?.make();
    document.documentElement.dataset.ready = "true";
    facsimile.address.follow();
  } catch (error) {
    facsimile.by("table").replaceChildren(facsimile.make("p", { class: "notice", role: "alert" }, `The scores cannot be shown: ${error.message}`));
    throw error;
  }
})();
