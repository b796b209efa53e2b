"use strict";
/* The report: its list with a filter, and one document at a time, made from its data block when it is opened. The place
 * is in the address: #3 is the fourth document, #3:/total a field of it. */
(() => {
  const { make, mark, kind, theme } = PageView;
  const $ = (id) => document.getElementById(id);
  const SOURCES = { ocr: "read by OCR", vlm: "read by a model", text_layer: "from the text layer", given: "given", human: "from a person" };
  const ROUTES = { ocr: "OCR", vlm: "VLM", text_layer: "text layer", blank: "blank" };
  const NUMBER = /^[-+]?[\d.,]+ ?%?$/;
  const items = [...document.querySelectorAll("#list tbody tr")];
  const chosen = { status: null };
  let open = null; // {number, data, view, doubts}

  /* ---------------------------------------------------------------------------------------------- the list */
  const shown = () => items.filter((item) => !item.hidden);

  function filter() {
    const words = $("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const type = $("type").value;
    const what = $("what").value;
    for (const item of items) {
      const { status, type: its, has, text } = item.dataset;
      item.hidden = !((!chosen.status || status === chosen.status) && (!type || `=${its}` === type) &&
        (!what || has.split(" ").includes(what)) && words.every((word) => text.includes(word)));
    }
    const left = shown().length;
    $("shown").textContent = left === items.length ? "" : `${left} of ${items.length}`;
    $("nothing").hidden = left > 0;
  }
  for (const button of document.querySelectorAll("[data-status][aria-pressed]"))
    button.addEventListener("click", () => {
      chosen.status = chosen.status === button.dataset.status ? null : button.dataset.status;
      for (const one of document.querySelectorAll("[data-status][aria-pressed]"))
        one.setAttribute("aria-pressed", String(one.dataset.status === chosen.status));
      filter();
    });
  for (const id of ["text", "type", "what"]) $(id).addEventListener("input", filter);
  $("filter").addEventListener("submit", (event) => { event.preventDefault(); shown()[0]?.querySelector("a").focus(); });
  $("clear").addEventListener("click", () => {
    chosen.status = null;
    for (const one of document.querySelectorAll("[data-status][aria-pressed]")) one.setAttribute("aria-pressed", "false");
    for (const id of ["text", "type", "what"]) $(id).value = "";
    filter();
    $("text").focus();
  });
  for (const item of items)
    item.addEventListener("click", (event) => {
      if (!event.target.closest("a") && getSelection().isCollapsed) location.hash = item.dataset.document;
    });

  function along(way) {
    const links = shown().map((item) => item.querySelector("a"));
    const at = links.indexOf(document.activeElement);
    links[at < 0 ? (way > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + way, 0), links.length - 1)]?.focus();
  }

  /* -------------------------------------------------------------------------------------------- a document */
  function show(number) {
    const data = JSON.parse($(`document-${number}`).textContent);
    open?.view.close();
    $("overview").hidden = true;
    $("document").hidden = false;
    for (const id of ["way", "which"]) $(id).hidden = false;
    for (const id of ["title", "about"]) $(id).hidden = true;
    $("which").replaceChildren(
      make("span", { class: `pill ${data.status}` }, mark(data.status), data.status),
      make("h1", { dir: "auto" }, data.name),
      make("span", { class: "faint" }, data.type ?? "unknown type"),
    );
    document.title = `${data.name} – report`;
    const fields = new Map(data.fields.map((field) => [field.path, field]));
    const doubts = data.doubts.filter((path) => fields.has(path));
    $("fields").replaceChildren(); // before the viewer looks for rows in it
    const view = PageView($("pages"), {
      pages: data.pages.map((page) => ({ ...picture(data, number, page.page), caption: caption(page) })),
      fields: data.fields,
      rows: $("fields"),
      onPick: (path) => { detail(fields.get(path)); counted(); keep(path); },
    });
    open = { number, data, view, doubts, fields };
    beside(data);
    view.update(data.fields);
    $("fields").scrollTop = 0;
    if (!data.pages.length) view.paper.append(make("p", { class: "note" }, "No page of this document was read."));
    fit();
    counted();
  }

  function picture(data, number, page) {
    const told = data.pictures.find((one) => one.page === page) ?? { page, gone: "There is no picture of this page." };
    return { ...told, src: $(`picture-${number}-${page}`)?.textContent ?? null };
  }

  function caption(page) {
    const told = make("div", { class: "told" }, make("strong", {}, `Page ${page.page}`),
      make("span", { class: "tag" }, ROUTES[page.route]),
      page.outcome === "complete" ? null : make("span", { class: "pill warning" }, mark("warning"), page.outcome.replace("_", " ")),
      make("span", {}, page.reason));
    const cost = Number(page.usd) ? `, $${page.usd}` : "";
    const tries = page.attempts > 1 ? `, ${page.attempts} attempts` : "";
    const signals = make("div", { class: "signals" });
    for (const [name, value] of Object.entries(page.signals)) signals.append(signal(name, value));
    return make("div", {}, told,
      make("details", {}, make("summary", {}, `Signals (${page.seconds.toFixed(1)} s${tries}${cost})`), signals));
  }

  /* A share from 0 to 1 has a bar; what is more, such as a number of words, has none. */
  function signal(name, value) {
    const counts = value > 1 || ["words", "rotation"].includes(name);
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    bar.setAttribute("viewBox", "0 0 64 6");
    bar.setAttribute("aria-hidden", "true");
    for (const [wide, role] of counts ? [] : [[64, "is-back"], [64 * Math.max(value, 0), "is-plain"]]) {
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [key, told] of Object.entries({ class: role, width: wide, height: 6, rx: 1 })) rect.setAttribute(key, told);
      bar.append(rect);
    }
    return make("div", {}, make("span", {}, name.replaceAll("_", " ")), bar,
      make("span", { class: "number" }, counts ? String(Math.round(value)) : value.toFixed(2)));
  }

  /* ------------------------------------------------------------------------------------------- its fields */
  function beside(data) {
    const pane = $("fields");
    for (const finding of data.findings)
      pane.append(make("p", { class: `note ${finding.severity}` }, mark(finding.severity, finding.severity), " ",
        finding.page ? `Page ${finding.page}: ` : "", finding.path ? `${finding.path}: ` : "", finding.message));
    const alone = data.fields.filter((field) => field.row === null);
    if (alone.length) pane.append(make("h2", {}, "Fields"), make("div", { class: "rows", role: "list" }, ...alone.map((field) => row(field))));
    const arrays = Map.groupBy(data.fields.filter((field) => field.row !== null), (field) => field.row.slice(0, field.row.lastIndexOf("/")));
    for (const [array, fields] of arrays) pane.append(...table(array, fields));
    if (!data.fields.length) pane.append(make("p", { class: "note" }, "There are no fields: the type of the document is not known, or nothing was read."));
    const facts = [data.path, data.result, data.ocr, data.model, data.usd && data.usd !== "0" ? `$${data.usd}` : null];
    pane.append(make("p", { class: "facts" }, facts.filter(Boolean).join(" · ")));
  }

  const confidence = (field) =>
    make("span", { class: "sure", title: "Probability that the value is right" }, field.confidence === null ? "" : field.confidence.toFixed(2));

  const value = (field) =>
    make("span", { class: field.value === null ? "value none" : "value", dir: "auto" }, field.value ?? field.missing ?? "none");

  function row(field) {
    return make("div", { class: "row", role: "listitem", "data-path": field.path, tabindex: "0" },
      mark(kind(field), kind(field)),
      make("span", { class: "label" }, field.label, field.critical ? make("span", { class: "tag", title: "A doubt here sends the document to review" }, "critical") : null),
      value(field), confidence(field), ...known(field));
  }

  /* All else that is known of a field: its cut-out, what was printed and read there, and why it is doubted. */
  function known(field) {
    const told = [];
    if (field.printed !== null && field.printed !== field.value) told.push(quoted("printed", field.printed));
    if (field.witness !== null && (field.verdict === "contradicted" || (field.witness !== field.printed && field.witness !== field.value)))
      told.push(quoted("witness", field.witness));
    if (field.value !== null) told.push(make("span", {}, `${SOURCES[field.source]}, ${field.verdict}`));
    if (field.page !== null && open.data.pages.length > 1) told.push(make("span", {}, `page ${field.page}`));
    if (field.value !== null && field.box === null) told.push(make("span", {}, "place not known"));
    const crop = open.view.crop(field);
    return [
      told.length || crop ? make("span", { class: "more" }, crop, ...told) : null,
      field.reasons.length
        ? make("ul", { class: "reasons" }, ...field.reasons.map((finding) =>
          make("li", {}, mark(finding.severity, finding.severity), make("span", {}, `${finding.check.replace("_", " ")}: ${finding.message}`))))
        : null,
    ];
  }
  const quoted = (name, text) => make("span", {}, `${name} `, make("span", { class: "printed", dir: "auto" }, `“${text}”`));

  function table(array, fields) {
    const columns = [...new Set(fields.map((field) => field.path.slice(field.row.length)))];
    const rows = Map.groupBy(fields, (field) => field.row);
    const labels = new Map(fields.map((field) => [field.path.slice(field.row.length), field.label]));
    const numbers = new Set(columns.filter((column) => {
      const values = fields.filter((field) => field.path === field.row + column && field.value !== null);
      return values.length > 0 && values.every((field) => NUMBER.test(field.value));
    }));
    const body = make("tbody");
    for (const [, cells] of rows) {
      const byColumn = new Map(cells.map((field) => [field.path.slice(field.row.length), field]));
      const line = make("tr", {}, ...columns.map((column) => cell(byColumn.get(column), numbers.has(column))));
      body.append(line);
      for (const field of cells) if (field.doubt) body.append(why(field, columns.length));
      if (cells.some((field) => field.doubt)) line.classList.add("has-why");
    }
    const name = array.split("/").at(-1).replaceAll("_", " ");
    return [
      make("h2", {}, `${name.charAt(0).toUpperCase()}${name.slice(1)} `, make("span", { class: "faint" }, String(rows.size))),
      make("div", { class: "scroll" }, make("table", { class: "cells" },
        make("thead", {}, make("tr", {}, ...columns.map((column) => make("th", { scope: "col", class: numbers.has(column) ? "number" : null }, labels.get(column))))),
        body)),
    ];
  }

  function cell(field, number) {
    if (!field) return make("td");
    const sure = field.verdict === "confirmed" && field.source !== "human";
    return make("td", { class: number ? "number" : null, "data-path": field.path, tabindex: "0", title: `${kind(field)}${field.confidence === null ? "" : `, ${field.confidence.toFixed(2)}`}` },
      field.value === null || (sure && !field.doubt) ? null : mark(kind(field), kind(field)), value(field));
  }

  const why = (field, columns) => make("tr", { class: "why" }, make("td", { colspan: columns }, make("div", { class: "rows", role: "list" }, row(field))));

  /* What is known of a cell stands below its line while it is picked; a doubted one's always. */
  function detail(field) {
    $("fields").querySelector("tr.picked-why")?.remove();
    if (!field || field.row === null || field.doubt) return;
    const line = $("fields").querySelector(`td[data-path="${CSS.escape(field.path)}"]`)?.parentElement;
    if (!line) return;
    const made = why(field, line.children.length);
    made.classList.add("picked-why");
    made.querySelector(".row").classList.add("picked");
    line.after(made);
  }

  /* -------------------------------------------------------------------------------------- going about it */
  function counted() {
    const { doubts, view } = open;
    const at = doubts.indexOf(view.picked);
    $("doubts").hidden = doubts.length === 0;
    const field = open.fields.get(doubts[at]);
    $("doubt").replaceChildren(
      at < 0 ? `${doubts.length} doubt${doubts.length === 1 ? "" : "s"}` : `doubt ${at + 1} of ${doubts.length}`,
      make("span", { class: "unseen" }, field ? `: ${field.label}, ${field.value ?? field.missing}, ${field.reasons[0]?.message ?? field.verdict}` : ""),
    );
    $("before").disabled = at <= 0;
    $("after").disabled = at === doubts.length - 1 && at >= 0;
    const list = shown();
    const here = list.findIndex((item) => Number(item.dataset.document) === open.number);
    $("earlier").disabled = here <= 0;
    $("later").disabled = here < 0 || here === list.length - 1;
  }

  function doubt(way) {
    const { doubts, view } = open;
    const next = doubts[doubts.indexOf(view.picked) + (doubts.includes(view.picked) || way > 0 ? way : doubts.length)];
    if (next !== undefined) view.pick(next);
  }

  function other(way) {
    const list = shown();
    const here = list.findIndex((item) => Number(item.dataset.document) === open?.number);
    const next = list[here + way];
    if (next) location.hash = next.dataset.document;
  }

  function keep(path) {
    history.replaceState(null, "", `#${open.number}${path === null ? "" : `:${encodeURI(path)}`}`);
  }

  function list() {
    const from = open?.number;
    open?.view.close();
    open = null;
    $("pages").replaceChildren();
    $("fields").replaceChildren();
    for (const id of ["document", "way", "which", "doubts"]) $(id).hidden = true;
    for (const id of ["overview", "title", "about"]) $(id).hidden = false;
    document.title = `Report of ${items.length} document${items.length === 1 ? "" : "s"}`;
    if (from !== undefined) items[from].querySelector("a").focus();
  }

  function go() {
    const [, number, path] = decodeURI(location.hash).match(/^#(\d+)(?::(.*))?$/s) ?? [];
    if (number === undefined || !items[number]) return list();
    if (open?.number !== Number(number)) show(Number(number));
    if (path) open.view.pick(path);
  }

  /* The panes scroll, not the window: so each keeps its place. */
  const fit = () => { $("document").style.height = `calc(100dvh - ${$("bar").offsetHeight}px)`; };

  addEventListener("hashchange", go);
  addEventListener("resize", fit);
  $("before").addEventListener("click", () => doubt(-1));
  $("after").addEventListener("click", () => doubt(1));
  $("earlier").addEventListener("click", () => other(-1));
  $("later").addEventListener("click", () => other(1));
  $("help").addEventListener("click", () => $("keys").showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape") {
      if (typing) event.target.blur();
      else if (open) location.hash = "";
      return;
    }
    if (typing) return;
    const keys = {
      "j": () => (open ? doubt(1) : along(1)), "k": () => (open ? doubt(-1) : along(-1)),
      "n": () => other(1), "p": () => other(-1),
      "+": () => open?.view.step(1), "=": () => open?.view.step(1), "-": () => open?.view.step(-1), "0": () => open?.view.zoom(1),
      "/": () => { if (open) { location.hash = ""; setTimeout(() => $("text").focus()); } else $("text").focus(); }, "?": () => $("keys").showModal(),
    };
    keys.ArrowDown = keys.j;
    keys.ArrowUp = keys.k;
    const does = keys[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  });

  theme($("theme"));
  filter();
  go();
})();
