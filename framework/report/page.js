
"use strict";
// Tables sort by their heads and filter by words; a face's three views close and turn by keys; plots are drawn.
(() => {
  const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);

  // The head's cells that stand directly over a column, in the columns' order: those over two rows come first.
  const headsOf = (table) => [...table.tHead.rows].flatMap(
      (row, r, rows) => [...row.cells].filter((cell) => r + cell.rowSpan === rows.length));

  const sortable = (table) => {
    const body = table.tBodies[0];
    const heads = headsOf(table);
    const textOf = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
    const compare = (a, b) => {
      const x = Number.parseFloat(a), y = Number.parseFloat(b);
      return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b, "en", {numeric: true}) : x - y;
    };
    heads.forEach((head, column) => {
      const button = make("button", {type: "button", title: "sort"});
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const empty = (text) => text === "–" || text === "";
        const rows = [...body.rows].map((row) => ({row, text: textOf(row, column)}));
        // What says nothing comes last either way.
        rows.sort((a, b) => empty(a.text) - empty(b.text) || (down ? -1 : 1) * compare(a.text, b.text));
        body.append(...rows.map(({row}) => row));
      });
    });
  };

  const filterable = (table) => {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 2) return;
    const input = make("input", {type: "search", placeholder: "filter rows"});
    const count = make("output");
    input.setAttribute("aria-label", "filter rows");
    const box = make("div", {className: "filter"});
    box.append(input, count);
    table.parentElement.before(box);
    const texts = rows.map((row) => row.textContent.toLowerCase());
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/);
      rows.forEach((row, i) => row.hidden = !words.every((word) => texts[i].includes(word)));
      const shown = rows.filter((row) => !row.hidden).length;
      count.textContent = shown === rows.length ? "" : `${shown} of ${rows.length}`;
    });
  };

  for (const table of document.querySelectorAll("table.data")) {
    sortable(table);
    filterable(table);
  }

  document.addEventListener("keydown", (event) => {
    const open = document.querySelector(".views:target");
    if (!open) return;
    const all = [...document.querySelectorAll(".views")].filter((views) => !views.closest("tr").hidden);
    const turn = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (event.key === "Escape") open.querySelector(".close").click();
    const next = turn && all[all.indexOf(open) + turn];
    if (next) location.replace(`#${next.id}`);
  });
  window.addEventListener("hashchange", () => document.querySelector(".views:target .close")?.focus());

  // Okabe and Ito's colours, which everybody tells apart, darker on white and lighter on black.
  const colours = {
    light: ["#0072b2", "#c64f00", "#00805c", "#b0558a", "#9a6a00", "#3b3b98", "#4d4d4d", "#7a1f1f"],
    dark: ["#56a9e0", "#f08a4b", "#3cc79b", "#dd9cc2", "#e9b949", "#a5a5f0", "#bdbdbd", "#ff9d9d"],
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // As many names beside one another as have room, and what they take goes to the plot's height.
  const legend = (spec, width) => {
    const names = new Set(spec.layer.flatMap((layer) => layer.encoding.color?.scale?.domain ?? []));
    const longest = Math.max(1, ...[...names].map((name) => name.length));
    const columns = Math.max(1, Math.min(3, Math.floor((width - 70) / (6.5 * longest + 45))));
    return {columns, height: names.size > 1 ? 18 * Math.ceil(names.size / columns) + 14 : 0};
  };
  const config = (spec, width) => {
    const style = getComputedStyle(document.documentElement);
    const [ink, soft, line] = ["--ink", "--soft", "--line"].map((name) => style.getPropertyValue(name).trim());
    const category = colours[dark.matches ? "dark" : "light"];
    return {
      background: "transparent",
      font: getComputedStyle(document.body).fontFamily,
      range: {category: spec.usermeta.clean_first ? [soft, ...category] : category},
      axis: {labelColor: soft, titleColor: ink, domainColor: soft, tickColor: soft, gridColor: line, titleFontWeight: 400,
             labelFontSize: 11, titleFontSize: 12},
      legend: {orient: "bottom", labelColor: ink, title: null, columns: legend(spec, width).columns, labelFontSize: 11,
               labelLimit: Math.min(260, width - 115),
               direction: "horizontal", symbolType: "stroke", symbolSize: 500, symbolStrokeWidth: 2, symbolOpacity: 1},
      line: {strokeWidth: 1.8},
      rule: {color: soft},
      text: {color: soft},
      view: {stroke: null},
    };
  };
  let drawn = [];
  const draw = async () => {
    for (const view of drawn) view.finalize();
    drawn = [];
    delete document.documentElement.dataset.plots;
    for (const block of document.querySelectorAll("script.spec")) {
      const spec = JSON.parse(block.textContent);
      const width = block.previousElementSibling.clientWidth;
      spec.height += legend(spec, width).height;
      drawn.push(await vegaEmbed(block.previousElementSibling, spec, {
        mode: "vega-lite", ast: true, renderer: "svg", actions: false, defaultStyle: false,
        tooltip: {disableDefaultStyle: true}, config: config(spec, width),
      }));
    }
    document.documentElement.dataset.plots = drawn.length;
  };
  if (window.vegaEmbed) {
    dark.addEventListener("change", draw);
    draw();
  }
})();
