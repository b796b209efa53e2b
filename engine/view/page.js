"use strict";
/* The page viewer of the report and the review page: pictures of pages, a box for each field, and the tie between a box
 * and its row.
 *
 *   const view = PageView(container, {
 *     pages: [{page: 1, src: "data:…" or "/page/1.webp", width: 1060, height: 1500, caption: node or text,
 *              gone: "why there is no picture"}],           src null where there is none
 *     fields: document_view's: path, label, value, page, box (fractions x0 y0 x1 y1), verdict, source, doubt
 *     rows: an element; what has data-path in it is tied to the box of that path
 *     onPick: path => …                                     a box or a row was picked
 *     mayPick: () => true                                   false: nothing is picked now, and no mark moves
 *     fits: "0"                                             the key of the button Fit, for its title
 *     onDraw: ({page, x0, y0, x1, y1}) => …                 a box was drawn, in fractions of the page
 *   });
 *   view.pick(path)          mark box and row, and bring both into sight (null: none)
 *   view.picked              the path
 *   view.update(fields)      draw the boxes anew, as after a correction
 *   view.crop(field)         an element that shows the field's box as a cut-out of the page's picture, or null
 *   view.zoom(1)             1 is the container's width
 *   view.draw(true, page)    let the next drag (or Escape) draw a box; false ends it
 *   view.tools, view.paper   the elements that hold the buttons and the pages, for more of either
 *   view.close()             take the listeners off
 *
 * The page must hold marks.svg. All data goes through textContent and attributes, never through innerHTML.
 */
const PageView = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const STEPS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];
  const SMALLEST = 0.002; // of the page: a click is no drawn box

  /* Text of a document is shown, never obeyed: what steers (control, bidi, private) is U+FFFD, as engine/as_text does. */
  const seen = (text) =>
    String(text).replace(/\p{Zs}/gu, " ").replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD");

  /* An element with attributes and children; strings become text. */
  const make = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes))
      if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };

  /* A symbol of marks.svg: a verdict, a status, a severity, or human. */
  const mark = (kind, title = null) => {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", `mark ${kind}`);
    if (title === null) svg.setAttribute("aria-hidden", "true");
    else {
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", title);
      const words = document.createElementNS(SVG, "title");
      words.textContent = title;
      svg.append(words);
    }
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", `#mark-${kind}`);
    svg.append(use);
    return svg;
  };

  /* How a field is marked: a person's word stands above the witness'. */
  const kind = (field) => (field.source === "human" ? "human" : field.verdict);

  /* Both take fractions, and keep what is drawn within the page. */
  const place = (element, [x0, y0, x1, y1]) => {
    const percent = (share) => `${Math.min(Math.max(share, 0), 1) * 100}%`;
    element.style.left = percent(Math.min(x0, x1));
    element.style.top = percent(Math.min(y0, y1));
    element.style.width = percent(Math.abs(x1 - x0));
    element.style.height = percent(Math.abs(y1 - y0));
  };

  function view(container, { pages, fields, rows = null, onPick = null, mayPick = () => true, onDraw = null, fits = "0" }) {
    const ends = new AbortController();
    const on = (target, name, listener, options = {}) =>
      target.addEventListener(name, listener, { signal: ends.signal, ...options });
    const sheets = new Map();
    const boxes = new Map();
    let picked = null;
    let zoomed = 1;
    let drawing = null; // {page or null, start, sheet, element}

    const tools = make("div", { class: "tools", role: "toolbar", "aria-label": "Page" });
    const smaller = make("button", { type: "button", title: "Smaller (-)", "aria-label": "Smaller" }, "−");
    const fit = make("button", { type: "button", title: `Fit the width (${fits})` }, "Fit");
    const larger = make("button", { type: "button", title: "Larger (+)", "aria-label": "Larger" }, "+");
    const doubts = make("button", { type: "button", "aria-pressed": "false" }, "Only doubts");
    tools.append(smaller, fit, larger, doubts);
    container.classList.add("viewer");
    container.classList.remove("only-doubts", "drawing");
    const paper = make("div", { class: "paper", tabindex: "0", role: "group", "aria-label": "Paper" }); // scrolls by keyboard
    container.replaceChildren(tools, paper);

    for (const page of pages) {
      const sheet = make("div", { class: page.src ? "sheet" : "sheet gone", "data-page": page.page });
      if (page.src) {
        sheet.style.aspectRatio = `${page.width} / ${page.height}`;
        sheet.append(make("img", { src: page.src, alt: `Page ${page.page}`, decoding: "async", draggable: "false" }));
        sheets.set(page.page, { ...page, sheet });
      } else sheet.append(page.gone || "There is no picture of this page.");
      paper.append(
        make("figure", { class: "page" }, make("figcaption", {}, page.caption || `Page ${page.page}`), sheet),
      );
    }

    function update(changed) {
      fields = changed;
      for (const { box } of boxes.values()) box.remove();
      boxes.clear();
      for (const field of fields) {
        const there = sheets.get(field.page);
        if (!there || !field.box) continue;
        const name = `${field.label}: ${field.value === null ? field.missing : field.value} (${kind(field)})`;
        const box = make("button", {
          type: "button", tabindex: "-1", class: `box ${kind(field)}${field.doubt ? " doubted" : ""}`,
          "data-path": field.path, title: seen(name), "aria-label": seen(name),
        }, mark(kind(field)));
        place(box, field.box);
        there.sheet.append(box);
        boxes.set(field.path, { box, field });
      }
      show();
    }

    const rowsOf = (path) =>
      rows && path !== null ? rows.querySelectorAll(`[data-path="${CSS.escape(path)}"]`) : [];

    function light(path) {
      for (const lit of [...container.querySelectorAll(".lit"), ...(rows ? rows.querySelectorAll(".lit") : [])])
        lit.classList.remove("lit");
      if (path === null) return;
      boxes.get(path)?.box.classList.add("lit");
      for (const row of rowsOf(path)) row.classList.add("lit");
    }

    function show() {
      for (const { box } of boxes.values()) box.classList.toggle("picked", box.dataset.path === picked);
      if (rows) for (const row of rows.querySelectorAll("[data-path]")) {
        row.classList.toggle("picked", row.dataset.path === picked);
        if (row.dataset.path === picked) row.setAttribute("aria-current", "true");
        else row.removeAttribute("aria-current");
      }
    }

    function pick(path, { tell = true } = {}) {
      if (path !== null && tell && !mayPick()) return;
      picked = path;
      show();
      if (path === null) return;
      if (tell && onPick) onPick(path); // it may open what is scrolled to now
      intoSight(boxes.get(path)?.box ?? sheets.get(fields.find((field) => field.path === path)?.page)?.sheet);
      const its = rowsOf(path); // a cell, and what stands of it below its line
      intoSight(its[its.length - 1]);
      intoSight(its[0]);
    }

    /* Only where it is not in sight already. Where pages and rows share the window's scrolling, the row counts: its
       cut-out shows the place. */
    function intoSight(element) {
      if (!element) return;
      let pane = element.parentElement;
      while (pane && !(pane.scrollHeight > pane.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(pane).overflowY)))
        pane = pane.parentElement;
      if (!pane && rows && container.contains(element)) return;
      const it = element.getBoundingClientRect();
      const frame = pane ? pane.getBoundingClientRect() : { top: 0, bottom: innerHeight, left: 0, right: innerWidth };
      const tall = it.top >= frame.top + 56 && it.bottom <= Math.min(frame.bottom, innerHeight) - 16;
      if (!tall || it.left < frame.left || it.right > frame.right) element.scrollIntoView({ block: "center", inline: "nearest" });
    }

    function zoom(factor) {
      zoomed = Math.min(Math.max(factor, STEPS[0]), STEPS.at(-1));
      container.style.setProperty("--zoom", zoomed);
      fit.textContent = zoomed === 1 ? "Fit" : `${Math.round(zoomed * 100)} %`;
      smaller.disabled = zoomed <= STEPS[0];
      larger.disabled = zoomed >= STEPS.at(-1);
      const box = boxes.get(picked)?.box;
      if (box) box.scrollIntoView({ block: "center", inline: "center" });
    }
    const step = (way) =>
      zoom(way > 0 ? STEPS.find((s) => s > zoomed) ?? zoomed : STEPS.findLast((s) => s < zoomed) ?? zoomed);

    /* A cut-out of the page's picture by CSS, at most *wide* x *high* px, with some of the paper around it. */
    function crop(field, { high = 90, wide = 300 } = {}) {
      const there = sheets.get(field.page);
      if (!there || !field.box) return null;
      const [x0, y0, x1, y1] = field.box;
      const air = 0.35 * Math.min(y1 - y0, 0.02) * there.height; // 0.02: a line, where several are cut out
      const left = Math.max(0, x0 * there.width - air);
      const top = Math.max(0, y0 * there.height - air);
      const width = Math.min(there.width, x1 * there.width + air) - left;
      const height = Math.min(there.height, y1 * there.height + air) - top;
      const scale = Math.min(high / height, wide / width, Math.max(0.8, 26 / height)); // letters of one size, 26 px of a line at least
      const cut = make("span", { class: "crop", role: "img", "aria-label": `Cut-out of the page: ${seen(field.label)}` });
      cut.style.width = `${width * scale + 2}px`; // 2: its border
      cut.style.height = `${height * scale + 2}px`;
      cut.style.backgroundImage = `url("${there.src}")`;
      cut.style.backgroundSize = `${there.width * scale}px ${there.height * scale}px`;
      cut.style.backgroundPosition = `${-left * scale}px ${-top * scale}px`;
      return cut;
    }

    function draw(wanted, page = null) {
      drawing?.element?.remove();
      drawing = wanted ? { page, start: null, sheet: null, element: null } : null;
      container.classList.toggle("drawing", wanted);
    }
    const at = (event, sheet) => {
      const frame = sheet.getBoundingClientRect();
      const share = (value) => Math.min(Math.max(value, 0), 1);
      return [share((event.clientX - frame.left) / frame.width), share((event.clientY - frame.top) / frame.height)];
    };
    on(container, "pointerdown", (event) => {
      const sheet = event.target.closest?.(".sheet:not(.gone)");
      if (!drawing || !sheet || event.button !== 0) return;
      if (drawing.page !== null && Number(sheet.dataset.page) !== drawing.page) return;
      event.preventDefault();
      sheet.setPointerCapture(event.pointerId);
      drawing.element?.remove();
      Object.assign(drawing, { sheet, start: at(event, sheet), element: make("div", { class: "drawn" }) });
      sheet.append(drawing.element);
    });
    on(container, "pointermove", (event) => {
      if (drawing?.start) place(drawing.element, [...drawing.start, ...at(event, drawing.sheet)]);
    });
    on(container, "pointercancel", () => drawing?.start && draw(true, drawing.page));
    on(container, "pointerup", (event) => {
      if (!drawing?.start) return;
      const [ax, ay] = drawing.start;
      const [bx, by] = at(event, drawing.sheet);
      const box = { page: Number(drawing.sheet.dataset.page),
        x0: Math.min(ax, bx), y0: Math.min(ay, by), x1: Math.max(ax, bx), y1: Math.max(ay, by) };
      const drawn = box.x1 - box.x0 > SMALLEST && box.y1 - box.y0 > SMALLEST;
      draw(!drawn, drawing.page);
      if (drawn && onDraw) onDraw(box);
    });
    on(document, "keydown", (event) => {
      if (event.key === "Escape" && drawing) { draw(false); event.stopPropagation(); }
    }, { capture: true });

    const pathOf = (event) => event.target.closest?.("[data-path]")?.dataset.path ?? null;
    for (const side of [container, rows]) {
      if (!side) continue;
      on(side, "pointerover", (event) => light(pathOf(event)));
      on(side, "pointerleave", () => light(null));
      on(side, "focusin", (event) => light(pathOf(event)));
      on(side, "focusout", () => light(null));
      on(side, "click", (event) => {
        if (event.target.closest("a, input, select, textarea, summary, button:not(.box)")) return;
        const path = pathOf(event);
        if (path !== null && !drawing && getSelection().isCollapsed) pick(path);
      });
    }
    if (rows) on(rows, "keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("[data-path]")) pick(event.target.dataset.path);
    });
    on(smaller, "click", () => step(-1));
    on(larger, "click", () => step(1));
    on(fit, "click", () => zoom(1));
    on(doubts, "click", () => {
      const only = container.classList.toggle("only-doubts");
      doubts.setAttribute("aria-pressed", String(only));
    });

    update(fields);
    zoom(1);
    return { pick, update, crop, zoom, step, draw, light, tools, paper, close: () => ends.abort(), get picked() { return picked; } };
  }

  /* The button that goes from the system's theme to light and dark, remembered where the browser allows it. */
  function theme(button) {
    const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
    const set = (name) => {
      if (name) document.documentElement.dataset.theme = name;
      else delete document.documentElement.dataset.theme;
      button.textContent = { light: "Light", dark: "Dark" }[name] ?? "Auto";
      button.setAttribute("aria-label", `Theme: ${button.textContent}`);
    };
    let now = kept();
    set(now);
    button.addEventListener("click", () => {
      now = now === "light" ? "dark" : now === "dark" ? null : "light";
      set(now);
      try { now ? localStorage.setItem("theme", now) : localStorage.removeItem("theme"); } catch { /* not allowed here */ }
    });
  }

  return Object.assign(view, { seen, make, mark, kind, theme });
})();
