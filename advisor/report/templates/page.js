"use strict";
(() => {
  const table = document.querySelector("table.recommendations");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  let verdict = "";
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const tools = make("div", { className: "tools" });
  const input = make("input", { type: "search", placeholder: "Filter by service, account, region" });
  input.setAttribute("aria-label", "Filter services");
  const status = make("span", { className: "small" });
  status.setAttribute("role", "status");
  const show = () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = (!verdict || row.dataset.verdict === verdict) && row.cells[0].textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    status.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} services; the totals are for all`;
  };
  const buttons = [["All", ""], ["Change", "change"], ["Keep", "keep"], ["No advice", "no-advice"]].map(([text, value]) => {
    const button = make("button", { type: "button", textContent: text });
    button.setAttribute("aria-pressed", String(value === ""));
    button.addEventListener("click", () => {
      verdict = value;
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      show();
    });
    return button;
  });
  input.addEventListener("input", show);
  tools.append(input, ...buttons, status);
  table.before(tools);
  const key = (row, column) => {
    const { sort } = row.cells[column].dataset;
    return sort === undefined ? row.cells[column].textContent.trim() : sort === "" ? -Infinity : Number(sort);
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = make("button", { type: "button", textContent: head.textContent });
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => {
        const [x, y] = [key(a, column), key(b, column)];
        const order = typeof x === "number" ? x - y : x.localeCompare(y);
        return down ? -order : order;
      });
      body.append(...rows);
    });
    head.replaceChildren(button);
  });
})();
