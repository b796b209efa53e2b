"use strict";
/* The desk of one document. What the server tells is shown as text, never as markup; what is decided is sent, and shown
 * only when the server says that it is kept. Nothing is decided on what nobody had the chance to see: see "seen" below.
 */
(() => {
  const { make, mark, kind, seen } = PageView;
  const number = Number(document.body.dataset.number);
  const by = (id) => document.getElementById(id);
  const now = by("now");
  const MANY = 6; // pages: of longer documents only the page in focus and its neighbours are drawn
  const VERDICTS = {
    confirmed: "confirmed", contradicted: "contradicted", silent: "silent", unchecked: "unchecked", human: "by a person",
  };

  let desk = null; // what the server told last
  let view = null;
  let shown = []; // pages in the view
  let at = null; // {path} of a field, or {finding} of the queue
  let edit = null; // {mode: "type" | "why", text, entry, box, page, texts, read}
  let drew = null; // {what, value} that the card shows: what is decided is decided on these
  let arrived = null; // {number, name} of the document that was finished just before this one was opened
  let busy = false; // the server is asked
  let leaving = false; // another page is on its way
  const sizes = new Map();

  // ------------------------------------------------------------------------------------------------ server

  async function ask(what, body, of = number) {
    const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    let answer;
    try {
      answer = await fetch(`/${of}/${what}`, options || {});
    } catch {
      throw new Error("engine review does not answer: is it still running?");
    }
    if (!(answer.headers.get("content-type") || "").startsWith("application/json")) throw new Error((await answer.text()).trim());
    const told = await answer.json();
    if (answer.ok) return told;
    if (answer.status === 409) await anew();
    throw new Error(told.error);
  }

  /* The document is another by now: so are its values, its pictures, and what is to be looked at. */
  async function anew() {
    edit = null;
    sizes.clear();
    shown = [];
    now.replaceChildren();
    show(await ask("desk"));
    const still = at.is_field ? fieldOf(at.path) && asItem(at.path) : desk.queue.find((item) => same(item, at));
    await focus_(still || first());
  }

  /* One thing at a time; what goes wrong is told and changes nothing. */
  async function doing(work) {
    if (busy || leaving) return;
    busy = true;
    document.body.classList.add("busy");
    try {
      await work();
    } catch (error) {
      problem(error.message);
    } finally {
      busy = false;
      document.body.classList.remove("busy");
    }
  }

  let fading = null;
  function toast(words, bad = false) {
    const place = by("toast");
    place.textContent = seen(words);
    place.classList.toggle("problem", bad);
    place.hidden = false;
    clearTimeout(fading);
    fading = setTimeout(() => { place.hidden = true; }, bad ? 7000 : 3500);
  }
  const problem = (words) => {
    const place = document.querySelector(".edit .problem");
    if (place) { place.textContent = seen(words); place.hidden = false; }
    else toast(words, true);
  };
  const go = (to, flash = null, path = null) => {
    leaving = true;
    if (flash) sessionStorage.setItem("flash", flash);
    if (path !== null) sessionStorage.setItem("path", path);
    location.href = to === null ? "/" : `/${to}`;
  };

  /* What this window decided last, for an undo from the list or from the document that comes next. */
  const kept = () => {
    sessionStorage.setItem("last", JSON.stringify({ number, name: desk.name }));
    arrived = null;
  };

  // ------------------------------------------------------------------------------------------------ seen

  /* A card counts as seen when its picture is there, or cannot be had, and PAUSE ms have gone by without a key that came
   * too early: so neither a held nor a doubled key decides on the next card. #now has data-ready from then on.
   */
  const PAUSE = 400; // ms; a first setting: no experiment set it
  let since = 0; // when the card was drawn, ms
  let awaited = true; // the picture that is on its way; true before it is known which; null when it is there
  let pausing = null;

  const ready = () => "ready" in now.dataset;
  function unready() {
    clearTimeout(pausing);
    delete now.dataset.ready;
    now.setAttribute("aria-busy", "true");
    awaited = true;
    since = performance.now();
  }
  function look() {
    unready();
    const page = by("pages").querySelector(`[data-page="${pageAt() ?? shown[0]}"] img`);
    const picture = now.querySelector(".cut") ?? page;
    if (!picture || picture.complete) return pause();
    awaited = picture;
    for (const end of ["load", "error"])
      picture.addEventListener(end, () => { if (awaited === picture) pause(); }, { once: true });
  }
  function pause() {
    clearTimeout(pausing);
    awaited = null;
    pausing = setTimeout(() => {
      now.dataset.ready = "";
      now.setAttribute("aria-busy", "false");
    }, PAUSE);
  }
  function early() {
    if (ready() || leaving) return;
    if (!awaited) pause();
    else if (performance.now() - since > 1000) toast("a moment: the picture is being drawn");
  }

  // ------------------------------------------------------------------------------------------------ what is where

  const fieldOf = (path) => desk.fields.find((field) => field.path === path) ?? null;
  const same = (one, other) => one !== null && other !== null && keyOf(one) === keyOf(other);
  const keyOf = (item) => (item.is_field ? `field ${item.path}` : `finding ${item.path} ${JSON.stringify(item.findings[0] ?? null)}`);
  const itemAt = () => desk.queue.find((item) => same(item, at)) ?? at;
  const asItem = (path) =>
    desk.queue.find((item) => item.is_field && item.path === path) ??
    { path, is_field: true, needed: false, findings: [], label: fieldOf(path).label, page: fieldOf(path).page };
  const needed = () => desk.queue.filter((item) => item.needed);
  const pageAt = () => (at.is_field ? fieldOf(at.path).page : at.page) ?? null;

  // ------------------------------------------------------------------------------------------------ show

  function show(told) {
    desk = told;
    by("type").textContent = seen(desk.type ?? "type not known");
    by("status").replaceChildren(make("span", { class: `pill ${desk.status}` }, mark(desk.status), desk.status));
    by("progress").textContent = `${desk.done} of ${desk.asked} done`;
    Object.assign(by("bar"), { max: desk.asked || 1, value: desk.asked ? desk.done : 1 });
    notes();
    rows();
    view?.update(boxes());
  }

  function notes() {
    const told = [];
    if (desk.stale)
      told.push(`This document was extracted again since it was reviewed: ${desk.stale} earlier decision${desk.stale > 1 ? "s are" : " is"} kept, but not applied.`);
    if (desk.why_not) told.push(`Nothing can be checked or typed here: ${desk.why_not}`);
    by("notes").replaceChildren(...told.map((words) => make("p", { class: "note warning" }, seen(words))));
  }

  /* The box that was drawn stands for the field's own until it is kept or given up. */
  const boxes = () =>
    desk.fields.map((field) =>
      edit?.box && at.is_field && field.path === at.path ? { ...field, page: edit.page, box: edit.box } : field);

  function rows() {
    const made = [];
    let group = null;
    for (const field of desk.fields) {
      if (field.row !== group) {
        group = field.row;
        made.push(make("h3", {}, group === null ? "Document" : seen(group.slice(1).replaceAll("/", " ").replaceAll("_", " ").replace(/\d+$/, (n) => Number(n) + 1))));
      }
      const item = desk.queue.find((each) => each.is_field && each.path === field.path);
      const value = field.value === null ? (field.missing ?? "none") : field.value;
      made.push(make("div", { class: `row${item?.needed ? " needed" : ""}`, "data-path": field.path, tabindex: "-1" },
        mark(kind(field), VERDICTS[kind(field)]),
        make("span", { class: "label" }, seen(field.label)),
        make("span", { class: field.value === null ? "value none" : "value" }, make("bdi", {}, seen(value))),
        item ? mark(item.needed ? "error" : "warning", item.needed ? "to decide" : "warning") : make("span"),
      ));
    }
    by("rows").replaceChildren(...made);
  }

  async function pages() {
    const all = desk.pages.map((page) => page.page);
    const focus = all.indexOf(pageAt() ?? all[0]);
    const wanted = all.length <= MANY ? all : all.slice(Math.max(0, focus - 1), focus + 2);
    if (view && wanted.every((page) => shown.includes(page))) return;
    const from = at;
    await Promise.all(wanted.filter((page) => !sizes.has(page)).map(async (page) => sizes.set(page, await ask(`size/${page}`))));
    if (at !== from) return; // another field was picked meanwhile
    shown = wanted;
    view?.close();
    view = PageView(by("pages"), {
      pages: desk.pages.filter((page) => wanted.includes(page.page)).map((page) => ({
        ...sizes.get(page.page), page: page.page, caption: seen(caption(page)),
      })),
      fields: boxes(), rows: by("rows"), fits: "=", mayPick, onPick: (path) => focus_(asItem(path)), onDraw: drawn,
    });
    const draw = make("button", { type: "button", title: "Draw a box (b)" }, "Draw a box ", make("kbd", {}, "b"));
    draw.addEventListener("click", () => press("b"));
    view.tools.append(draw);
  }
  function mayPick() {
    if (edit) {
      toast("keep or give up first what is typed", true);
      by("typed").focus();
    }
    return !edit && !busy && !leaving;
  }
  const caption = (page) =>
    `Page ${page.page} of ${desk.pages.length} · ${page.route}${page.outcome === "complete" ? "" : ` · ${page.outcome}`}`;

  async function focus_(item) {
    at = item;
    edit = null;
    drew = null;
    view?.draw(false);
    card();
    try {
      await pages();
    } catch (error) {
      problem(error.message);
    }
    if (at !== item) return;
    view?.update(boxes());
    if (at.is_field) view?.pick(at.path, { tell: false });
    else {
      view?.pick(null);
      by("pages").querySelector(`[data-page="${at.page ?? shown[0]}"]`)?.scrollIntoView({ block: "nearest" });
    }
    look();
    if (document.activeElement === document.body) settle();
    if (matchMedia("(max-width: 767px)").matches) now.scrollIntoView(); // one column: what is asked comes first
  }

  // ------------------------------------------------------------------------------------------------ the card

  function card() {
    const item = itemAt();
    const field = item.is_field ? fieldOf(item.path) : null;
    const had = now.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const open = needed();
    const place = open.findIndex((each) => same(each, item));
    const where = place >= 0 ? `${place + 1} of ${open.length} to decide`
      : item.findings.length ? "a warning: nothing has to be decided" : open.length ? `${open.length} to decide` : "nothing to decide";
    now.replaceChildren(
      make("header", {}, field ? mark(kind(field)) : mark(item.needed ? "error" : "warning"),
        make("h2", { tabindex: "-1" }, make("bdi", {}, seen(item.label))), make("span", { class: "faint mono" }, seen(item.path)),
        make("span", { class: "push tag" }, where)),
      ...(field ? fieldCard(field) : []),
      make("ul", { class: "reasons" }, ...item.findings.map((finding) =>
        make("li", {}, mark(finding.severity, finding.severity),
          make("span", {}, seen(finding.message), finding.page && !item.is_field ? make("span", { class: "faint" }, ` (page ${finding.page})`) : null)))),
      edit ? editor(item) : buttons(item),
    );
    const value = field ? [valueOf(field), VERDICTS[kind(field)]] : [];
    const told = [item.label, ...value, ...item.findings.map((finding) => finding.message), where].join("; ");
    const what = JSON.stringify([keyOf(item), told, now.querySelector(".cut")?.getAttribute("src")]);
    if (what !== drew?.what) {
      unready();
      by("told").textContent = seen(told);
    }
    drew = { what, value: field?.value ?? null };
    const input = document.querySelector(".edit input, .edit textarea");
    if (input) {
      input.closest(".edit").scrollIntoView({ block: "nearest" });
      input.focus({ preventScroll: true });
      input.setSelectionRange(edit.fresh ? input.value.length : 0, input.value.length);
    } else settle(had);
  }
  /* The same item drawn anew, as with the editor: it need be seen again only where it shows something else. */
  function redraw() {
    card();
    if (!ready()) look();
  }
  /* The focus is never lost: it goes to the button of this key, else to what the card is about. */
  function settle(key = null) {
    const had = document.activeElement;
    if (document.querySelector("dialog[open]") || (had !== document.body && !had.closest("#now, #rows, .box"))) return;
    const button = key ? now.querySelector(`button[data-key="${key}"]`) : null;
    (button ?? now.querySelector("h2")).focus({ preventScroll: true });
  }
  const valueOf = (field) => field.value ?? `none: ${field.missing ?? "no rows"}`;
  const cut = (src, page) => {
    const old = now.querySelector(".cut");
    return old?.getAttribute("src") === src ? old : make("img", { class: "cut", src, alt: `What stands on page ${page}` });
  };

  function fieldCard(field) {
    const box = edit?.box ?? field.box;
    const page = edit?.box ? edit.page : field.page;
    const rest = [["Printed", field.printed], ["Witness", field.witness && field.witness !== field.printed ? field.witness : null]];
    const said = desk.decided[field.path];
    const sure = field.confidence === null ? "" : ` · confidence ${Number(field.confidence).toFixed(3)}`;
    const long = (field.value ?? "").length > 60;
    return [
      box ? cut(`/${number}/crop/${page}?box=${box.join(",")}`, page) : "",
      make("dl", { class: "told" },
        make("dt", {}, "Value"),
        make("dd", { class: `value${long ? " long" : ""}${field.value === null ? " none" : ""}` }, make("bdi", {}, seen(valueOf(field)))),
        ...rest.filter(([, text]) => text).flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, make("bdi", {}, seen(text)))]),
        make("dt", {}, "From"),
        make("dd", {}, `${field.source.replace("_", " ")}, ${field.verdict}${sure}${field.page ? ` · page ${field.page}` : ""}`),
        ...(said ? [make("dt", {}, "Decided"), make("dd", {}, seen(`${{ accept: "accepted", correct: "corrected", absent: "marked absent" }[said.kind]} by ${said.who}, ${said.when.slice(0, 16).replace("T", " ")} UTC`))] : []),
      ),
    ];
  }

  const button = (key, words, primary = false, shown = key) =>
    make("button", { type: "button", class: primary ? "primary" : null, "data-key": key }, words, make("kbd", {}, shown));

  /* What can be done with it. A rule that is broken still speaks against an accepted value until it is dismissed. */
  function actions(item) {
    const field = item.is_field ? fieldOf(item.path) : null;
    const input = field ? desk.inputs[item.path] : {};
    const said = field ? desk.decided[item.path] : null;
    return {
      accept: Boolean(field && field.value !== null && !said),
      accused: Boolean(field && field.verdict === "contradicted" && !said && input.typed), // Enter corrects it, "a" alone accepts
      type: Boolean(field && input.typed),
      absent: Boolean(field && said?.kind !== "absent"),
      dismiss: item.findings.some((finding) => !dismissed(finding)) && (!field || Boolean(said)),
    };
  }
  const dismissed = (finding) => finding.severity === "warning" && / \(dismissed by .*\)$/s.test(finding.message);

  function buttons(item) {
    const can = actions(item);
    return make("p", { class: "buttons" },
      can.accept ? button("a", "Accept ", !can.accused, can.accused ? "a" : "Enter") : null,
      can.type ? button("e", "Correct ", can.accused || (!can.accept && !can.dismiss), can.accused ? "Enter" : "e") : null,
      can.type ? button("b", "Draw ") : null,
      can.absent ? button("x", "Absent ") : null,
      can.dismiss ? button("d", "Dismiss ", !can.accept) : null,
      button("j", "Next "));
  }

  function editor(item) {
    const why = edit.mode === "why";
    const field = item.is_field ? fieldOf(item.path) : null;
    const input = field ? desk.inputs[item.path] : {};
    const text = edit.text ?? "";
    const long = !why && (text.includes("\n") || text.length > 60);
    const box = make(long ? "textarea" : "input", {
      id: "typed", autocomplete: "off", spellcheck: "false", class: why ? "why" : null, maxlength: why ? 500 : 10000,
      inputmode: !why && ["number", "integer"].includes(input.type) ? "decimal" : null,
      list: !why && input.choices?.length ? "choices" : null,
      placeholder: why ? "why, if you like" : input.kind === "date" ? "YYYY-MM-DD" : null,
    });
    box.value = text;
    box.addEventListener("input", () => { edit.text = box.value; });
    box.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") { event.preventDefault(); give(); }
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        if (event.repeat) early();
        else keep();
      }
    });
    const keeps = make("button", { type: "button", class: "primary" }, why ? "Dismiss " : "Keep ", make("kbd", {}, "Enter"));
    const gives = make("button", { type: "button" }, "Give up ", make("kbd", {}, "Esc"));
    keeps.addEventListener("click", keep);
    gives.addEventListener("click", give);
    return make("div", { class: "edit" },
      make("label", { for: "typed" }, why ? "Dismiss it" : edit.box ? "OCR reads in the box" : `The right value${input.type === "string" ? "" : ` (${input.type})`}`),
      box,
      input.choices?.length && !why ? make("datalist", { id: "choices" }, ...input.choices.map((choice) => make("option", { value: choice }))) : null,
      edit.texts?.length > (edit.differ ? 0 : 1) ? make("div", { class: "ways" }, make("span", { class: "faint" }, edit.differ ? "The readers differ, take one or type:" : "Or:"), ...edit.texts.filter((way) => edit.differ || way !== edit.text).map((way) => {
        const other = make("button", { type: "button" }, make("bdi", {}, seen(way)));
        other.addEventListener("click", () => { edit.text = way; edit.read = way; redraw(); });
        return other;
      })) : null,
      make("p", { class: "problem", role: "alert", hidden: true }),
      make("p", { class: "buttons" }, keeps, gives));
  }

  // ------------------------------------------------------------------------------------------------ decide

  const give = () => { edit = null; view?.draw(false); view?.update(boxes()); redraw(); view?.pick(at.is_field ? at.path : null, { tell: false }); };

  function keep() {
    if (!ready()) return early();
    const item = itemAt();
    if (edit.mode === "why") return dismiss(item, edit.text ?? "");
    if (!edit.box && edit.text === edit.entry && drew.value !== null) { // as it was: nothing is read again
      if (actions(item).accept) return decide({ kind: "accept", path: item.path, seen: drew.value });
      give();
      return toast("nothing was changed");
    }
    const drawn_ = edit.box ? { page: edit.page, box: edit.box, read: edit.read } : {};
    return decide({ kind: "correct", path: item.path, seen: drew.value, text: edit.text ?? "", ...drawn_ });
  }

  function decide(asked) {
    return doing(async () => {
      const place = needed().findIndex((item) => same(item, at));
      const before = desk.fields.length;
      const { label } = fieldOf(asked.path);
      const told = await ask("decide", asked);
      edit = null;
      show(told);
      kept();
      if (desk.fields.length < before) return onward(place, `${label} is marked absent, and its row is gone`, true);
      const words = { accept: "accepted", correct: "is now", absent: "is marked absent" }[asked.kind];
      const value = asked.kind === "correct" ? ` ${fieldOf(asked.path).value}` : "";
      await onward(place, `${label} ${words}${value}`);
    });
  }

  function dismiss(item, why) {
    return doing(async () => {
      const place = needed().findIndex((each) => same(each, at));
      for (const finding of item.findings.filter((each) => !dismissed(each))) {
        show(await ask("decide", { kind: "dismiss", path: finding.path, finding, why }));
        kept();
      }
      edit = null;
      await onward(place, "dismissed");
    });
  }

  /* To what is to be decided next: here, else in the next document that needs review, else the list. */
  async function onward(place, words, gone = false) {
    const open = needed();
    if (place < 0) { // nobody asked for it: the next field, in the document's own order
      if (at.is_field && !gone) stepField(1);
      else await focus_(first());
      toast(words);
    } else if (open.length) {
      const still = gone ? undefined : open.find((item) => same(item, at)); // another row may have its place now
      await focus_(still ?? open[place] ?? open[0]);
      toast(still ? `${words}; something is still said against it` : words);
    } else if (desk.status === "clean") {
      const left = desk.queue.filter((item) => item.findings.some((finding) => !dismissed(finding))).length;
      const clean = `is clean${left ? `, with ${left} warning${left > 1 ? "s" : ""} nobody answered` : ""}`;
      const done = `${desk.name.replace(/\.json$/, "")} ${clean}. ${desk.done} of ${desk.asked} done; u takes the last decision back.`;
      go(desk.next, done);
    } else {
      await focus_(!gone && fieldOf(at.path) ? asItem(at.path) : first());
      toast(`${words}; it stays ${desk.status}: nothing more can be decided here`, true);
    }
  }
  const first = () => needed()[0] ?? desk.queue[0] ?? (desk.fields.length ? asItem(desk.fields[0].path)
    : { path: "", is_field: false, needed: false, findings: [], label: "the document", page: null });

  // ------------------------------------------------------------------------------------------------ boxes

  function drawn({ page, x0, y0, x1, y1 }) {
    doing(async () => {
      const box = [x0, y0, x1, y1].map((share) => Math.round(share * 1e5) / 1e5);
      const of = at;
      toast("reading the box …");
      const { texts, differ } = await ask("read", { path: of.path, page, box });
      by("toast").hidden = true;
      if (!same(at, of)) return; // it was drawn for another field
      const text = differ ? "" : texts[0] ?? "";
      edit = { mode: "type", page, box, texts, differ, text, read: text || null };
      view.update(boxes());
      view.pick(at.path, { tell: false });
      redraw();
      if (!texts.length) problem("OCR sees no print in the box: type what stands there");
    });
  }

  // ------------------------------------------------------------------------------------------------ keys

  function step(way) {
    const place = desk.queue.findIndex((item) => same(item, at));
    if (!desk.queue.length) return toast("there is no doubt here");
    const to = place < 0 ? (way > 0 ? 0 : desk.queue.length - 1) : (place + way + desk.queue.length) % desk.queue.length;
    focus_(desk.queue[to]);
  }
  function stepField(way) {
    if (!desk.fields.length) return;
    const place = at.is_field ? desk.fields.findIndex((field) => field.path === at.path) : -1;
    const to = Math.min(Math.max(place + way, 0), desk.fields.length - 1);
    focus_(asItem(desk.fields[to].path));
  }
  const type = (text = null) => {
    const item = itemAt();
    if (!actions(item).type) return toast(item.is_field ? "nothing can be typed here" : "this is no field: d dismisses it", true);
    const field = fieldOf(item.path);
    const entry = field.entry ?? field.value ?? "";
    edit = text === null ? { mode: "type", text: entry, entry } : { mode: "type", text, fresh: true };
    redraw();
  };
  const accept = () => {
    const item = itemAt();
    const can = actions(item);
    if (can.accept) decide({ kind: "accept", path: item.path, seen: drew.value });
    else if (can.dismiss) toast("d dismisses what is said here", true);
    else if (item.is_field && fieldOf(item.path).value === null) type();
    else if (needed().length) focus_(needed()[0]);
    else stepField(1);
  };
  const keys = {
    a: accept,
    Enter: () => (actions(itemAt()).accused ? type() : accept()),
    e: () => type(),
    b: () => {
      if (!actions(itemAt()).type) return toast("pick a field first: what is read goes into it", true);
      if (!shown.some((page) => sizes.get(page).src)) return toast("there is no picture to draw on", true);
      view.draw(true);
      toast("draw a box around the value; Esc gives up");
    },
    x: () => {
      const item = itemAt();
      if (!item.is_field) return toast("this is no field: d dismisses it", true);
      if (!actions(item).absent) return toast("it is marked absent already", true);
      decide({ kind: "absent", path: item.path, seen: drew.value });
    },
    d: () => {
      const item = itemAt();
      if (!actions(item).dismiss)
        return toast(item.is_field && item.findings.length ? "decide the value first: accept, correct or mark it absent" : "there is nothing to dismiss", true);
      edit = { mode: "why", text: "" };
      redraw();
    },
    u: () => doing(async () => {
      const of = arrived ?? { number, name: desk.name };
      const told = await ask("undo", { name: of.name }, of.number);
      arrived = null;
      if (told.number !== number) return go(told.number, "undone", told.undone);
      show(told);
      const path = told.undone;
      await focus_(fieldOf(path) ? asItem(path) : desk.queue.find((item) => item.path === path) ?? first());
      toast("undone");
    }),
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => stepField(1),
    ArrowUp: () => stepField(-1),
    n: () => go((number % desk.count) + 1),
    p: () => go(((number - 2 + desk.count) % desk.count) + 1),
    l: () => go(null),
    c: () => openCase(),
    "?": () => by("help").showModal(),
    "+": () => view.step(1),
    "-": () => view.step(-1),
    "=": () => view.zoom(1),
  };
  const AWAY = ["n", "p", "l", "?"]; // these need not wait for the server
  const MOVES = [...AWAY, "j", "k", "ArrowDown", "ArrowUp", "+", "-", "="];

  /* A key, or the button of that key. What does more than move waits until the card was seen. */
  function press(key, held = false) {
    const action = /^\d$/.test(key) ? () => type(key) : Object.hasOwn(keys, key) ? keys[key] : null;
    if (leaving || (busy && !AWAY.includes(key))) return early();
    if (!MOVES.includes(key) && (held || !ready())) return early();
    if (edit && key === "u") return toast("keep or give up first what is typed", true);
    action?.();
  }
  document.addEventListener("keydown", (event) => {
    if (!desk || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Enter" && event.target.closest("button, a, summary")) { // its own click, once
      if (event.repeat) event.preventDefault();
      return;
    }
    if (document.querySelector("dialog[open]") || event.target.matches("input, textarea, select")) return;
    if (event.key === "Escape" && edit) return give();
    if (edit || (event.key.length > 1 && !Object.hasOwn(keys, event.key))) return;
    if (event.key === "Enter" && event.target.closest("[data-path]")) return; // it picks
    if (/^\d$/.test(event.key) || Object.hasOwn(keys, event.key)) event.preventDefault();
    press(event.key, event.repeat);
  });
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("button[data-key]");
    if (!pressed || !desk) return;
    if (event.detail) { // by mouse: the next Enter is no press of this button
      pressed.blur();
      settle();
    }
    press(pressed.dataset.key);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // ------------------------------------------------------------------------------------------------ case

  function openCase() {
    for (const id of ["case-error", "case-made"]) by(id).hidden = true;
    by("case-make").hidden = false;
    by("case").showModal();
    by("case-name").focus();
  }
  by("case-close").addEventListener("click", () => by("case").close());
  by("case-form").addEventListener("submit", (event) => {
    event.preventDefault();
    by("case-error").hidden = true;
    by("case-make").disabled = true;
    by("case-make").textContent = "Making it: the document is extracted once …";
    doing(async () => {
      try {
        const made = await ask("case", { name: by("case-name").value, why: by("case-why").value });
        by("case-made").replaceChildren(
          make("p", {}, "The case is ", make("span", { class: "mono" }, seen(made.folder)), "."),
          make("p", {}, seen(`Today it ${made.outcome}. engine regress tells when that changes.`)),
          ...(made.unvouched ? [make("p", {}, `${made.unvouched} of its values are as the engine gave them, and nobody has confirmed them: look at them once more.`)] : []));
        by("case-made").hidden = false;
        by("case-make").hidden = true;
        by("case-close").focus();
      } catch (error) {
        Object.assign(by("case-error"), { textContent: seen(error.message), hidden: false });
      } finally {
        by("case-make").disabled = false;
        by("case-make").textContent = "Make it";
      }
    });
  });

  // ------------------------------------------------------------------------------------------------ begin

  PageView.theme(by("theme"));
  const flash = sessionStorage.getItem("flash");
  const path = sessionStorage.getItem("path");
  sessionStorage.removeItem("flash");
  sessionStorage.removeItem("path");
  if (flash) arrived = JSON.parse(sessionStorage.getItem("last"));
  doing(async () => {
    show(await ask("desk"));
    await focus_(path !== null && fieldOf(path) ? asItem(path) : first());
    if (flash) toast(flash);
  });
})();
