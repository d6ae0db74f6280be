"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  button.hidden = false;
  show();

  const drawing = document.querySelector(".drawing svg");
  if (!drawing) return;
  const nodes = new Map([...drawing.querySelectorAll(".node")].map((one) => [one.dataset.node, one]));
  const edges = [...drawing.querySelectorAll(".edges path")];
  const follow = (start, from, to) => {
    const seen = new Set([start]);
    const stack = [start];
    while (stack.length) {
      const at = stack.pop();
      for (const edge of edges) {
        if (edge.dataset[from] !== at) continue;
        edge.classList.add("near");
        const next = edge.dataset[to];
        if (!seen.has(next)) { seen.add(next); stack.push(next); }
      }
    }
    seen.forEach((one) => nodes.get(one).classList.add("near"));
  };
  const forget = () => {
    drawing.classList.remove("picked");
    drawing.querySelectorAll(".near").forEach((one) => one.classList.remove("near"));
  };
  nodes.forEach((node, index) => {
    node.addEventListener("pointerenter", () => {
      forget();
      drawing.classList.add("picked");
      follow(index, "from", "to");
      follow(index, "to", "from");
    });
    node.addEventListener("pointerleave", forget);
  });
})();
