"use strict";
/* The page works without this. With it: values under the pointer, schemes hidden and shown in all charts at
 * once, tables sorted and copied, views chosen, and all of that in the address. Names of schemes are only ever
 * set as text. Sizes and looks are those of page_svg.c. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const series = data.series, charts = data.charts;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const tip = document.getElementById("tip"), bar = document.getElementById("bar");
  const figures = all("figure.chart"), pills = all("#key button"), selects = all("#views select");
  const first = series.map((s) => !!s.on);
  let on = first.slice();

  /* ------------------------------------------------------------------ numbers and axes */
  const number = (v) => {
    const a = Math.abs(v);
    if (a > 0 && a < 0.0995) return String(+v.toPrecision(2));
    return a < 99.995 ? v.toFixed(2) : a < 999.95 ? v.toFixed(1) : a < 999999.5 ? v.toFixed(0) : v.toExponential(2);
  };
  const finite = (v) => v !== null && Number.isFinite(v);

  function evenTics(lo, hi) {
    const raw = (hi - lo) / 7, power = 10 ** Math.floor(Math.log10(raw));
    const step = power * (raw > 5 * power ? 10 : raw > 2 * power ? 5 : raw > power ? 2 : 1);
    const tics = [];
    for (let k = Math.ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; k++) tics.push(+(k * step).toPrecision(6));
    return tics;
  }

  function logTics(lo, hi) {
    if (hi < 2.5 * lo) return evenTics(lo, hi);
    const tries = [[[1, 1.5, 2, 3, 4, 5, 6, 8], 1], [[1, 2, 3, 5], 1], [[1, 2, 5], 1], [[1], 1], [[1], 2], [[1], 5], [[1], 20]];
    let tics = [];
    for (const [mantissas, every] of tries) {
      tics = [];
      for (let k = Math.floor(Math.log10(lo)); k <= Math.floor(Math.log10(hi)); k++)
        for (const m of mantissas) {
          const v = m * 10 ** k;
          if (k % every === 0 && v >= lo * (1 - 1e-9) && v <= hi * (1 + 1e-9)) tics.push(+v.toPrecision(6));
        }
      if (tics.length <= 10) break;
    }
    return tics;
  }

  /* The range of y over what is shown, as lx_figure_range finds it. */
  function rangeOf(chart, curves) {
    let lo = Infinity, hi = -Infinity, marks = false;
    const cap = chart.cap === null ? Infinity : chart.cap;
    const take = (v) => { lo = Math.min(lo, v, cap); hi = Math.max(hi, Math.min(v, cap)); };
    for (const level of chart.levels) take(level[0]);
    for (const c of curves)
      c.y.forEach((y, i) => {
        marks = marks || (c.st && c.st[i] === 3) || (finite(y) && y > cap);
        if (!finite(y) || chart.x[i] < chart.x0 || chart.x[i] > chart.x1) return;
        take(c.lo ? c.lo[i] : y);
        take(c.hi ? c.hi[i] : y);
      });
    if (!(lo <= hi)) lo = hi = 1;
    const log = chart.ly && lo > 0;
    let a = log ? Math.log(lo) : lo, b = log ? Math.log(hi) : hi;
    const least = log ? 0.2 : a === 0 && b === 0 ? 0.1 : Math.max(0.02 * Math.abs(b), 1e-6);
    const grow = b - a < least ? (least - (b - a)) / 2 : 0;
    a -= grow + 0.05 * (b - a);
    b += grow + (marks ? 0.12 : 0.05) * (b - a);
    return { a, b, log };
  }

  /* ------------------------------------------------------------------ drawing */
  const space = figures.length ? figures[0].querySelector("svg").namespaceURI : "";
  function make(tag, attributes, ...children) {
    const e = document.createElementNS(space, tag);
    for (const key in attributes) e.setAttribute(key, attributes[key]);
    e.append(...children);
    return e;
  }
  const places = []; /* of each chart: how to find a point again */

  function frameOf(i, room = figures[i].clientWidth) {
    const wide = Math.min(960, Math.max(300, room || 960)), narrow = wide < 640;
    const f = { w: wide, h: narrow ? 330 : 400, l: narrow ? 52 : 62, r: narrow ? 136 : 230, t: 26, foot: 52, narrow };
    f.chart = charts[i];
    f.curves = f.chart.c.filter((c) => on[c.s]);
    Object.assign(f, rangeOf(f.chart, f.curves));
    const x = (v) => f.chart.lx ? Math.log(v) : v;
    const x0 = x(f.chart.x0), x1 = x(f.chart.x1);
    f.X = (v) => f.l + (x(v) - x0) / (x1 - x0) * (f.w - f.l - f.r);
    f.Y = (v) => {
      const share = ((f.log ? Math.log(v) : v) - f.a) / (f.b - f.a);
      return f.h - f.foot - Math.max(-0.02, Math.min(1, share)) * (f.h - f.t - f.foot);
    };
    return f;
  }

  function axes(f, svg) {
    const right = f.w - f.r, foot = f.h - f.foot, chart = f.chart;
    const value = (v) => f.log ? Math.exp(v) : v;
    const text = (x, y, anchor, words) => svg.append(make("text", { x, y, "text-anchor": anchor }, words));
    for (const v of (f.log ? logTics : evenTics)(value(f.a), value(f.b))) {
      svg.append(make("line", { class: "grid", x1: f.l, x2: right, y1: f.Y(v), y2: f.Y(v) }));
      text(f.l - 6, f.Y(v) + 4, "end", String(v));
    }
    let last = -1e9;
    for (const [at, label] of chart.tics.length ? chart.tics : evenTics(chart.x0, chart.x1).map((v) => [v, String(v)])) {
      if (f.X(at) - last < 26) continue;
      last = f.X(at);
      label.split("|").forEach((part, k) => text(f.X(at), foot + 16 + 14 * k, "middle", part));
    }
    text((f.l + right) / 2, f.h - 6, "middle", f.narrow ? chart.xl.replace(/ \(.*/, "") : chart.xl);
    svg.append(make("text", { transform: `translate(12 ${(f.t + foot) / 2}) rotate(-90)`, "text-anchor": "middle" }, chart.yl));
    if (finite(chart.mark)) {
      svg.append(make("line", { class: "mark", x1: f.X(chart.mark), x2: f.X(chart.mark), y1: f.t - 8, y2: foot }));
      text(f.X(chart.mark) + 5, f.t - 8, "start", chart.mt);
    }
    for (const [at] of chart.levels) svg.append(make("line", { class: "level", x1: f.l, x2: right, y1: f.Y(at), y2: f.Y(at) }));
  }

  function drawCurve(f, c) {
    const s = series[c.s], g = make("g", { class: "s", "data-s": c.s, style: "color:" + s.k });
    const x = f.chart.x, there = c.y.map((y, i) => i).filter((i) => finite(c.y[i]));
    const known = c.y.map((y, i) => i).filter((i) => finite(c.y[i]) || (c.st && c.st[i]));
    const runs = [];
    for (const i of there) {
      const k = known.indexOf(i), run = runs[runs.length - 1];
      if (run && known[k - 1] === run[run.length - 1]) run.push(i);
      else runs.push([i]);
    }
    const point = (i, v) => f.X(x[i]).toFixed(1) + " " + f.Y(v).toFixed(1);
    for (const run of runs)
      if (c.lo && run.length > 1)
        g.append(make("path", { class: "band", d: "M" + run.map((i) => point(i, c.hi[i])).concat(run.slice().reverse().map((i) => point(i, c.lo[i]))).join("L") + "Z" }));
    const line = make("path", { class: "line", d: runs.map((run) => "M" + run.map((i) => point(i, c.y[i])).join("L")).join("") });
    if (s.d) line.setAttribute("stroke-dasharray", s.d);
    g.append(line);
    for (const i of known) {
      const at = f.X(x[i]);
      if (c.st && c.st[i] === 3) g.append(make("path", { class: "sign", d: `M${at - 4} ${f.t}l8 8m0-8l-8 8` }));
      else if (finite(c.y[i]) && f.chart.cap !== null && c.y[i] > f.chart.cap) g.append(make("path", { class: "sign", d: `M${at - 5} ${f.t + 7}l5-7l5 7` }));
      else if (finite(c.y[i]) && known.length <= 14) g.append(make("circle", { cx: at, cy: f.Y(c.y[i]), r: 3 }));
    }
    return g;
  }

  /* Names at the right edge, pushed apart. */
  function names(f, svg) {
    const list = f.chart.levels.map(([at, label]) => ({ y: f.Y(at), v: at, label, color: "inherit" }));
    for (const c of f.curves) {
      const known = c.y.map((y, i) => i).filter((i) => finite(c.y[i]) || (c.st && c.st[i])), i = known[known.length - 1];
      if (known.length && finite(c.y[i])) list.push({ y: f.Y(c.y[i]), v: c.y[i], label: series[c.s].n, color: series[c.s].k });
    }
    list.sort((a, b) => a.y - b.y || (a.label < b.label ? -1 : 1));
    list.forEach((e, i) => { e.place = i ? Math.max(e.y, list[i - 1].place + 14) : e.y; });
    let floor = f.h - f.foot + 10;
    for (let i = list.length - 1; i >= 0; floor = list[i].place - 14, i--) list[i].place = Math.min(list[i].place, floor);
    const right = f.w - f.r;
    for (const e of list) {
      const most = f.narrow ? Math.max(4, 15 - number(e.v).length) : 26;
      const letters = [...e.label], end = f.narrow && e.label.includes(" as "); /* where it is the end that tells */
      const cut = letters.length <= most ? e.label : end ? "\u2026" + letters.slice(-most).join("") : letters.slice(0, most).join("") + "\u2026";
      svg.append(make("g", { style: "color:" + e.color },
        make("line", { class: "lead", x1: right + 2, y1: e.y, x2: right + 14, y2: e.place }),
        make("text", { class: "name", x: right + 18, y: e.place + 4 }, cut + " " + number(e.v))));
    }
  }

  /* Where neither axes nor sizes have changed, only the curves that come or go are touched, and the names. */
  function draw(i, room) {
    const f = frameOf(i, room), svg = figures[i].querySelector("svg"), before = places[i], edge = make("g", {});
    const stays = before && before.drawn && ["w", "a", "b", "log"].every((k) => before[k] === f[k]);
    places[i] = f;
    names(f, edge);
    if (stays) {
      before.edge.replaceWith(edge);
    } else {
      const parts = document.createDocumentFragment();
      svg.setAttribute("viewBox", `0 0 ${f.w} ${f.h}`);
      figures[i].classList.add("fit");
      axes(f, parts);
      parts.append(edge);
      svg.replaceChildren(parts);
    }
    f.edge = edge;
    f.drawn = stays ? before.drawn : new Map();
    let next = edge;
    for (const c of f.chart.c.slice().reverse()) {
      let g = f.drawn.get(c);
      if (!on[c.s]) {
        if (g) g.remove();
        continue;
      }
      if (!g) f.drawn.set(c, g = drawCurve(f, c));
      if (g.parentNode !== svg) svg.insertBefore(g, next);
      next = g;
    }
  }

  /* Widths are asked for before anything is drawn, and only where they can have changed: the browser lays
   * the page out once. */
  let rooms = null;
  function drawAll(moved = true) {
    if (moved || !rooms) rooms = figures.map((figure) => figure.clientWidth);
    rooms.forEach((room, i) => { if (room) draw(i, room); });
  }

  /* ------------------------------------------------------------------ the card of values */
  const words = ["", "n/a", "out of memory", "diverged"];
  function cardRows(f, i) {
    const rows = f.curves.filter((c) => finite(c.y[i]) || (c.st && c.st[i])).map((c) => {
      const n = typeof c.n === "number" ? c.n : c.n[i], s = series[c.s];
      return { v: finite(c.y[i]) ? c.y[i] : Infinity, name: s.n, color: s.k, text: finite(c.y[i]) ? number(c.y[i]) : words[c.st[i]],
        band: finite(c.y[i]) && c.lo ? `${number(c.lo[i])} to ${number(c.hi[i])}` : "", n };
    });
    return rows.sort((a, b) => a.v - b.v);
  }

  function showCard(figure, i, clientX, clientY) {
    const k = figures.indexOf(figure), f = places[k] || (places[k] = frameOf(k)), svg = figure.querySelector("svg");
    const at = f.chart.x[i], tic = f.chart.tics.find((t) => Math.abs(t[0] - at) < 1e-9);
    const cursor = svg.querySelector(".cursor") || svg.appendChild(make("line", { class: "cursor", y1: f.t, y2: f.h - f.foot }));
    const title = document.createElement("b"), table = document.createElement("table");
    cursor.setAttribute("x1", f.X(at));
    cursor.setAttribute("x2", f.X(at));
    title.textContent = tic ? tic[1].replace("|", ", ") + (tic[1].includes("|") ? " tokens" : "") : "at " + +at.toPrecision(4);
    for (const row of cardRows(f, i)) {
      const tr = table.insertRow();
      for (const text of [row.name, row.text, row.band, row.n > 1 ? row.n + " seeds" : row.n === 1 ? "1 seed" : ""]) tr.insertCell().textContent = text;
      tr.cells[0].style.color = row.color;
    }
    tip.replaceChildren(title, table);
    tip.hidden = false;
    tip.style.left = Math.max(4, Math.min(clientX + 16, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = Math.max(4, Math.min(clientY + 12, innerHeight - tip.offsetHeight - 8)) + "px";
    figure.dataset.at = i;
  }

  function hideCard() {
    tip.hidden = true;
    all(".cursor").forEach((e) => e.remove());
  }

  function nearest(f, px) {
    let best = 0;
    f.chart.x.forEach((x, i) => { if (Math.abs(f.X(x) - px) < Math.abs(f.X(f.chart.x[best]) - px)) best = i; });
    return best;
  }

  figures.forEach((figure, k) => {
    const svg = figure.querySelector("svg");
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("pointermove", (e) => {
      const f = places[k] || (places[k] = frameOf(k)), box = svg.getBoundingClientRect();
      if (f.chart.x.length) showCard(figure, nearest(f, (e.clientX - box.left) * svg.viewBox.baseVal.width / box.width), e.clientX, e.clientY);
    });
    svg.addEventListener("pointerleave", hideCard);
    svg.addEventListener("blur", hideCard);
    svg.addEventListener("keydown", (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, Home: -1e9, End: 1e9 }[e.key], x = charts[k].x;
      if (e.key === "Escape") hideCard();
      if (!step || !x.length) return;
      e.preventDefault();
      const i = Math.max(0, Math.min(x.length - 1, (figure.dataset.at === undefined ? (step > 0 ? -1 : x.length) : +figure.dataset.at) + step));
      const f = places[k] || (places[k] = frameOf(k)), box = svg.getBoundingClientRect();
      showCard(figure, i, box.left + f.X(x[i]) * box.width / f.w, box.top + 40);
    });
  });

  /* ------------------------------------------------------------------ state */
  const encode = (name) => encodeURIComponent(name).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16));
  function address() {
    const parts = [];
    if (on.some((v, i) => v !== first[i])) parts.push(on.some((v) => v) ? series.filter((s, i) => on[i]).map((s) => encode(s.n)).join(",") : "-");
    for (const s of selects) if (s.value) parts.push(s.dataset.k + "=" + encode(s.value));
    return parts.join(";");
  }

  function readAddress() {
    on = first.slice();
    for (const s of selects) s.value = "";
    for (const part of location.hash.slice(1).split(";")) {
      const cut = part.indexOf("=");
      let text;
      try { text = part.split(/[=,]/).map(decodeURIComponent); } catch (e) { continue; }
      if (cut >= 0) {
        const s = selects.find((x) => x.dataset.k === text[0]);
        if (s && [...s.options].some((o) => o.value === text[1])) s.value = text[1];
      } else if (part === "-" || text.some((n) => series.some((s) => s.n === n))) {
        on = series.map((s) => text.includes(s.n));
      }
    }
  }

  function show(write = true, moved = true) {
    hideCard();
    pills.forEach((b, i) => b.setAttribute("aria-pressed", String(on[i])));
    all("figure[data-s]").forEach((e) => { e.hidden = !on[+e.dataset.s]; });
    const want = Object.fromEntries(selects.map((s) => [s.dataset.k, s.value]));
    for (const v of all("section.view")) v.hidden = ["dataset", "length", "mode"].some((k) => want[k] && v.dataset[k] !== want[k]);
    all(".charts").forEach((e) => { e.hidden = want.view === "tables"; });
    all(".tables").forEach((e) => { e.hidden = want.view === "charts"; });
    drawAll(moved);
    if (write && address() !== location.hash.slice(1)) {
      try { history.replaceState(null, "", "#" + address()); } catch (e) { location.hash = address(); }
    }
  }

  function alone(list) {
    on = series.map((s, i) => list.includes(i));
    show(true, false);
  }

  pills.forEach((b, i) => {
    b.title = "show or hide; with shift, or twice: this one alone";
    b.addEventListener("click", (e) => {
      if (e.shiftKey || e.detail === 2) return alone([i]);
      on[i] = !on[i];
      show(true, false);
    });
    b.addEventListener("keydown", (e) => {
      const to = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (to) pills[(i + to + pills.length) % pills.length].focus();
    });
  });
  document.getElementById("all").addEventListener("click", () => alone(series.map((s, i) => i)));
  document.getElementById("none").addEventListener("click", () => alone([]));
  selects.forEach((s) => s.addEventListener("change", () => show()));
  all("a[data-show]").forEach((a) => a.addEventListener("click", (e) => {
    e.preventDefault();
    alone(a.dataset.show.split(" ").filter((t) => t).map(Number));
    bar.scrollIntoView();
  }));
  addEventListener("hashchange", () => { readAddress(); show(false); });

  /* ------------------------------------------------------------------ tables */
  function copy(text, button) {
    const label = button.textContent;
    const done = (ok) => { button.textContent = ok ? "copied" : "could not copy"; setTimeout(() => { button.textContent = label; }, 1500); };
    const area = document.createElement("textarea");
    if (navigator.clipboard && isSecureContext) return void navigator.clipboard.writeText(text).then(() => done(true), () => done(false));
    area.value = text;
    document.body.append(area);
    area.select();
    done(document.execCommand("copy"));
    area.remove();
  }
  document.getElementById("share").addEventListener("click", (e) => copy(location.href, e.currentTarget));

  const words_of = (cell) => cell.textContent.replace(/\s+/g, " ").trim();
  const csvField = (t) => /[",\n]/.test(t) ? `"${t.replace(/"/g, '""')}"` : t;
  const csvOf = (table) => [...table.rows].map((r) => [...r.cells].map((c) => csvField(words_of(c))).join(",")).join("\n") + "\n";

  const tex = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "\\textbar{}",
    "\u00d7": "$\\times$", "\u00b1": "$\\pm$", "\u2264": "$\\le$", "\u2265": "$\\ge$", "\u2013": "--" };
  const texOf = (t) => t.replace(/[\\~^<>|\u00d7\u00b1\u2264\u2265\u2013_&%$#{}]/g, (c) => tex[c] || "\\" + c);
  function texCell(cell) {
    const text = texOf(words_of(cell).replace("<10-4", "\u0001")).replace("\u0001", "$<10^{-4}$");
    return cell.querySelector("b") ? `\\textbf{${text}}` : text;
  }
  function latexOf(table) {
    const columns = [...table.tHead.rows[0].cells].map((c) => c.classList.contains("r") ? "r" : "l").join("");
    const row = (r) => r.cells.length === 1 && columns.length > 1
      ? `  \\multicolumn{${columns.length}}{l}{\\emph{${texCell(r.cells[0])}}} \\\\`
      : "  " + [...r.cells].map(texCell).join(" & ") + " \\\\";
    const bodies = [...table.tBodies].map((b) => [...b.rows].map(row).join("\n")).join("\n  \\midrule\n");
    return `% Needs \\usepackage{booktabs}.\n\\begin{tabular}{${columns}}\n  \\toprule\n${row(table.tHead.rows[0])}\n  \\midrule\n${bodies}\n  \\bottomrule\n\\end{tabular}\n`;
  }

  /* What a cell is sorted by: its first number, or its words; what is not there comes last. */
  function keyOf(cell) {
    const text = cell ? words_of(cell) : "", found = /[-+]?\d+(\.\d+)?(e[-+]?\d+)?/.exec(text);
    if (!cell || !cell.classList.contains("r")) return text;
    return text.startsWith("<") ? 0 : found ? +found[0] : Infinity;
  }
  function sortBy(table, column, down) {
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((r) => !r.classList.contains("across"));
      rows.sort((a, b) => {
        const x = keyOf(a.cells[column]), y = keyOf(b.cells[column]);
        if (x === Infinity || y === Infinity) return (x === Infinity) - (y === Infinity);
        return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
      });
      body.append(...rows);
    }
  }

  for (const table of all("table.data")) {
    const tools = document.createElement("div");
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        [...table.tHead.rows[0].cells].forEach((h) => h.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        sortBy(table, column, down);
      });
    });
    tools.className = "copy";
    for (const [label, of] of [["copy as CSV", csvOf], ["copy as LaTeX", latexOf]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", () => copy(of(table), button));
      tools.append(button);
    }
    table.parentElement.after(tools);
  }

  /* ------------------------------------------------------------------ begin */
  document.getElementById("views").hidden = false;
  readAddress();
  if (location.hash || innerWidth < 700) show(false);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    drawAll();
  });
})();
