// What pages can do better with JavaScript; each of them works without.

// Buttons that need it are shown.
for (const button of document.querySelectorAll("[data-toggle-theme]")) button.hidden = false;

// Charts become part of the page: their segments can be clicked and pointed at.
const NARROW = matchMedia("(max-width: 40rem)");
const FULL = matchMedia("(min-width: 68.01rem)");

// Asked for at the same time, a chart would be drawn twice.
function loaded(image) {
  if (!image || image.complete) return Promise.resolve();
  return new Promise((done) => {
    for (const event of ["load", "error"]) image.addEventListener(event, done, { once: true });
  });
}

async function drawInPage(figure) {
  const address = new URL(figure.dataset.chart, location.href);
  // Written as the picture's address is: the browser has it already, and the server draws it only once.
  const wide = FULL.matches && figure.hasAttribute("data-full") ? "full" : "wide";
  address.searchParams.set("width", NARROW.matches ? "narrow" : wide);
  if (document.documentElement.dataset.bsTheme === "dark") address.searchParams.set("theme", "dark");
  if (figure.dataset.drawn === address.href) return;
  figure.dataset.drawn = address.href;
  await loaded([...figure.querySelectorAll("img")].find((image) => image.offsetParent));
  const answer = await fetch(address);
  if (!answer.ok || figure.dataset.drawn !== address.href) return;
  const drawing = new DOMParser().parseFromString(await answer.text(), "image/svg+xml").documentElement;
  if (drawing.nodeName === "svg") {
    figure.querySelector(".drawing").replaceChildren(document.importNode(drawing, true));
  }
}

const nearby = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) drawInPage(entry.target);
}, { rootMargin: "400px" });
const figures = [...document.querySelectorAll("figure[data-chart]")];
for (const figure of figures) nearby.observe(figure);

function drawAgain() {
  for (const figure of figures) if (figure.dataset.drawn) drawInPage(figure);
}
document.addEventListener("theme", drawAgain);
NARROW.addEventListener("change", drawAgain);
FULL.addEventListener("change", drawAgain);

// A table that is wider than the page can be moved with the keyboard, also when nothing in it can be reached.
function reachTables() {
  for (const area of document.querySelectorAll(".scroll")) {
    if (!area.querySelector("a, button, input, select")) area.tabIndex = 0;
  }
}
reachTables();
document.addEventListener("htmx:afterSettle", reachTables);

// A link is copied with one click.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = "Copied";
  });
}

// A file that is being sent says how much of it has arrived.
document.addEventListener("htmx:xhr:progress", (event) => {
  const form = event.target.closest("form.upload");
  if (!form || !event.detail.lengthComputable) return;
  const bar = form.querySelector("progress");
  const share = Math.floor((100 * event.detail.loaded) / event.detail.total);
  bar.hidden = false;
  if (share < 100) bar.value = share; else bar.removeAttribute("value");
  const text = share < 100 ? form.dataset.sending : form.dataset.reading;
  form.querySelector("[role=status]").textContent = text.replace("%s", share);
});
// Whatever stands in its way, the browser sends it once more and shows the answer.
for (const name of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(name, (event) => event.target.closest("form.upload")?.submit());
}
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.target.closest?.("form.upload")?.classList.toggle("dragged", name === "dragover");
  });
}

// The menu of the person closes when something else is clicked, or with Escape.
const menu = document.querySelector("details.who");
if (menu) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
  });
}
