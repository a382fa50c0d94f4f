// The answer map, without a centre: one question in the address, one answer on the screen.

import { byId } from "./dom.js";
import { DeskMap } from "./map.js";
import { isTyping, theme, wireSwitches, writeAddress } from "./page.js";
import { Question } from "./question.js";
import { translatePage, word } from "./words.js";

const start = JSON.parse(byId("start").textContent);

const map = new DeskMap(byId("map"), start, {
  onClick: (lat, lon) => question.askPoint(lat, lon),
  onUnit: (unitId) => question.select(unitId),
});
const question = new Question(map, start, {
  remember: (how) => writeAddress((given) => question.writeAddress(given), how),
  title: (text) => { document.title = text ? `${text} · Siaga112` : "Siaga112 · " + start.region.name; },
  says: (text) => { byId("says").textContent = text; },
  onConnection: showConnection,
});

function showConnection(lost) {
  const line = byId("connection");
  line.textContent = lost ? word("lost_short") : "";
  line.classList.toggle("lost", lost);
}

function dressInWords() {
  translatePage();
  question.makeKinds();
  map.translate();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !isTyping(event)) {
    event.preventDefault();
    question.box.focus();
  } else if (event.key === "Escape") {
    question.clear();
    question.box.focus();
  } else {
    question.onKey(event, isTyping(event));
  }
});
wireSwitches({
  onTheme: (now) => map.dress(now),
  onLanguage: () => {
    dressInWords();
    question.refresh({ fit: false });
  },
});
addEventListener("popstate", () => {
  question.readAddress(new URLSearchParams(location.search));
  question.refresh({ fit: true });
});
dressInWords();
map.dress(theme());
question.readAddress(new URLSearchParams(location.search));
question.refresh({ fit: true });
if (!question.isAsked && matchMedia("(min-width: 821px)").matches) byId("at").focus();
