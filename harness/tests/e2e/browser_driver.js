"use strict";
/* What a reader does with a page, done by a script that e2e_browser.sh puts at the end of a copy of it. Each
 * line of the result says "ok" or "not ok". Everything is synchronous, so that it is over when the page is. */
(() => {
  const out = document.createElement("pre");
  const say = (name, ok, got = "") => { out.textContent += `${ok ? "ok" : "not ok"} ${name}${ok ? "" : ": " + got}\n`; };
  const all = (q, from = document) => [...from.querySelectorAll(q)];
  const charts = all("figure.chart"), pills = all("#key button"), tip = document.getElementById("tip");
  const drawn = (i = 0) => all("g.s", charts[i]).length;
  const pressed = () => pills.filter((b) => b.getAttribute("aria-pressed") === "true").length;
  const click = (e, more = {}) => e.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1, ...more }));
  const choose = (key, value) => {
    const s = document.querySelector(`#views select[data-k=${key}]`);
    s.value = value;
    s.dispatchEvent(new Event("change"));
  };
  /* What is written or drawn further to the right than can be seen; only wide tables may be moved sideways. */
  const beyond = () => {
    const width = document.documentElement.clientWidth, right = (e) => e.getBoundingClientRect().right;
    const far = all("caption, p, li, figcaption, h1, h2, h3, button, select").filter((e) => right(e) > (e.closest(".wide") ? right(e.closest(".wide")) : width) + 1 && !e.closest("tr"));
    for (const text of all("figure.chart svg text")) if (right(text) > width) far.push(text);
    return [...(document.documentElement.scrollWidth > width ? ["the page"] : []), ...far.map((e) => e.tagName + " " + e.textContent.slice(0, 60))];
  };
  if (document.documentElement.clientWidth < 640) { /* a phone: only that */
    click(document.getElementById("all"));
    say("on a phone nothing is cut off at the side", beyond().length === 0, beyond().join("; "));
    document.body.append(out);
    return;
  }
  let copied = "";
  Object.defineProperty(navigator, "clipboard", { value: { writeText: (t) => { copied = t; return Promise.resolve(); } } });

  say("it begins with the eight best and those of the claim", pressed() === 9 && drawn() === 9, pressed() + " " + drawn());
  say("a name is no markup", document.images.length === 0 && window.pwned === undefined && pills.some((b) => b.textContent.startsWith("<img")));

  const numbers = (g) => all("path.line", g).map((p) => p.getAttribute("d").match(/[-.\d]+/g).map(Number));
  const written = charts.map((c) => all("g.s", c).map(numbers));
  click(pills[0]);
  click(pills[0]);
  const again = charts.map((c) => all("g.s", c).map(numbers));
  let apart = JSON.stringify(written).length === 0 ? 1e9 : 0, points = 0;
  written.flat(3).forEach((v, i) => { points++; apart = Math.max(apart, Math.abs(v - again.flat(3)[i])); });
  say("script and program draw the same", points > 100 && apart <= 0.11 && written.flat(3).length === again.flat(3).length, `${apart} over ${points}`);

  const svg = charts[0].querySelector("svg"), box = svg.getBoundingClientRect();
  svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 62, clientY: box.top + 50, bubbles: true }));
  const shown = [...tip.querySelectorAll("tr")].map((r) => [...r.cells].map((c) => c.textContent));
  say("the card shows all that is drawn", !tip.hidden && shown.length === 9, tip.textContent);
  const cells = all("table.data tbody tr", document.querySelector("section.view")).map((r) => [...r.cells].map((c) => c.textContent));
  say("with the numbers of the table", shown.every((r) => cells.some((c) => c[0] === r[0] && c[1].split(" ")[0] === r[1])), JSON.stringify(shown));
  svg.dispatchEvent(new PointerEvent("pointerleave"));
  say("and goes away", tip.hidden);
  svg.focus();
  svg.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
  say("the keyboard shows it", !tip.hidden && /512 tokens/.test(tip.textContent), tip.textContent);
  svg.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  say("and hides it", tip.hidden);

  click(pills[0]);
  say("a scheme is hidden in all charts", charts.every((c) => !c.querySelector("g.s[data-s='0']")) && drawn() === 8 && pressed() === 8);
  say("and in thumbnails and maps", all("figure[data-s='0']").length >= 2 && all("figure[data-s='0']").every((f) => f.hidden));
  say("and the address says so", location.hash.includes("scheme_05") && !location.hash.includes("scheme_00"), location.hash);
  click(document.getElementById("all"));
  say("all can be shown", pressed() === pills.length && drawn() === pills.length, drawn());
  const took = [];
  for (let i = 0; i < 20; i++) {
    const begin = performance.now();
    click(pills[i]);
    void document.body.offsetHeight;
    took.push(performance.now() - begin);
  }
  out.dataset.toggle = Math.min(...took).toFixed(1); /* the others waited for a processor */
  const left = charts.map((c) => all("g.s", c).map((g) => g.outerHTML)), names = charts.map((c) => all(".name", c).map((e) => e.outerHTML));
  const there = location.hash;
  click(document.getElementById("none")); /* other axes */
  history.replaceState(null, "", there);
  dispatchEvent(new Event("hashchange"));
  const afresh = charts.map((c) => all("g.s", c).map((g) => g.outerHTML));
  say("toggles leave what drawing afresh does", left.every((c, i) => c.length === 20 && c.join() === afresh[i].join())
    && charts.every((c, i) => all(".name", c).map((e) => e.outerHTML).join() === names[i].join()));
  click(pills[3], { shiftKey: true });
  say("one can be isolated", pressed() === 1 && drawn() === 1 && location.hash === "#scheme_03", location.hash);
  click(document.querySelector("a[data-show]"));
  say("a verdict shows its two curves", pressed() === 2 && drawn() === 2 && location.hash === "#scheme_01,scheme_39", location.hash);

  choose("mode", "sliding");
  const views = all("section.view");
  say("the mode is switched", views.filter((v) => !v.hidden).length === 1 && views.find((v) => !v.hidden).dataset.mode === "sliding");
  choose("view", "tables");
  say("and charts for tables", charts.every((c) => c.clientWidth === 0) && location.hash.endsWith(";mode=sliding;view=tables"), location.hash);
  choose("mode", "");
  choose("view", "charts");
  say("and back, drawn anew", charts.every((c) => c.clientWidth > 0 && all("g.s", c).length <= 2) && drawn() === 2);
  choose("view", "");

  const table = document.querySelector("section.view table.data"), head = table.tHead.rows[0].cells[4], body = table.tBodies[0];
  const column = () => [...body.rows].map((r) => r.cells[4].textContent);
  const values = () => column().map((t) => parseFloat(t)).filter((v) => v === v);
  click(head.querySelector("button"));
  say("a table is sorted", head.getAttribute("aria-sort") === "ascending" && values().every((v, i, a) => i === 0 || a[i - 1] <= v), values().join());
  click(head.querySelector("button"));
  say("and the other way", head.getAttribute("aria-sort") === "descending" && values().every((v, i, a) => i === 0 || a[i - 1] >= v));
  say("what has no number comes last", !/^\d/.test(column()[column().length - 1]) && /^\d/.test(column()[0]), column().join());

  const tools = all("button", table.parentElement.nextElementSibling);
  click(tools[0]);
  say("it is copied as CSV", copied.split("\n")[0].startsWith("encoding,64 (1x),128 (2x)") && copied.split("\n").length > pills.length, copied.slice(0, 80));
  click(tools[1]);
  say("and as LaTeX", copied.includes("\\begin{tabular}{lrrrr}") && copied.includes("scheme\\_05 & ") && copied.includes("$\\pm$") && copied.includes("$<$img"), copied.slice(0, 200));
  say("nothing was fetched", performance.getEntriesByType("resource").length === 0);
  const named = all("svg[role=img]").every((s) => s.getAttribute("aria-label")) && all("th").every((h) => h.hasAttribute("scope"))
    && all("button, select").every((b) => b.textContent || b.title);
  say("everything has a name", named);
  say("nothing is cut off at the side", beyond().length === 0, beyond().join("; "));
  const claims = document.querySelector("tr.fails").closest(".wide"), wide = all(".wide").filter((e) => e.scrollWidth > e.clientWidth);
  say("the verdicts fit the page", claims.scrollWidth <= claims.clientWidth, claims.scrollWidth);
  say("what is wider shows a shadow at its edge", wide.every((e) => getComputedStyle(e).backgroundImage.includes("gradient")), wide.length);
  out.id = "driver";
  document.body.append(out);
})();
