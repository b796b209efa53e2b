"use strict";
/* The list: filter, move and open by keyboard. */
(() => {
  const rows = [...document.querySelectorAll("#rows tr")];
  const words = document.getElementById("words");
  const which = document.getElementById("which");
  const flash = document.getElementById("flash");
  let at = -1;

  const wanted = (row) =>
    row.dataset.words.includes(words.value.trim().toLowerCase()) &&
    (which.value === "" || (which.value === "open" && row.dataset.open === "1") ||
      (which.value === "done" && row.dataset.open === "0") || (which.value === "mine" && row.dataset.mine === "1"));
  const seen = () => rows.filter((row) => !row.hidden);

  function filter() {
    for (const row of rows) row.hidden = !wanted(row);
    document.getElementById("count").textContent = `${seen().length} shown`;
    at = -1;
  }
  function move(way) {
    const there = seen();
    if (!there.length) return;
    at = Math.min(Math.max(at + way, 0), there.length - 1);
    there[at].querySelector("a").focus();
    there[at].scrollIntoView({ block: "nearest" });
  }
  /* What this window decided last, else what anybody did here; once, for the page of that document is on its way then. */
  let undoing = false;
  async function undo() {
    const last = JSON.parse(sessionStorage.getItem("last"));
    if (undoing) return;
    undoing = true;
    try {
      const headers = { "Content-Type": "application/json" };
      const options = { method: "POST", headers, body: JSON.stringify({ name: last?.name }) };
      const answer = await fetch(last ? `/${last.number}/undo` : "/undo", options);
      if (!(answer.headers.get("content-type") || "").startsWith("application/json")) throw new Error((await answer.text()).trim());
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.error);
      sessionStorage.setItem("flash", "undone");
      sessionStorage.setItem("path", told.undone);
      location.href = `/${told.number}`;
    } catch (error) {
      const words = error instanceof TypeError ? "engine review does not answer: is it still running?" : error.message;
      Object.assign(flash, { textContent: PageView.seen(words), hidden: false });
      undoing = false;
    }
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.repeat && ["u", "Enter"].includes(event.key)) return event.preventDefault(); // held: it counts once
    if (event.key === "j" || event.key === "ArrowDown") move(1);
    else if (event.key === "k" || event.key === "ArrowUp") move(-1);
    else if (event.key === "/") words.focus();
    else if (event.key === "u") undo();
    else if (event.key === "Enter" && !event.target.closest("a, button")) document.getElementById("start")?.click();
    else return;
    event.preventDefault();
  });
  document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    seen()[0]?.querySelector("a").click();
  });
  words.addEventListener("input", filter);
  which.addEventListener("change", filter);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  PageView.theme(document.getElementById("theme"));
  const told = sessionStorage.getItem("flash");
  sessionStorage.removeItem("flash");
  if (told) Object.assign(flash, { textContent: PageView.seen(told), hidden: false });
  filter();
})();
