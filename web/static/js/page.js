// What every page of the desk shares: its languages, light and dark, and the address.

import { keep } from "./api.js";
import { byId } from "./dom.js";
import { currentLanguage, setLanguage } from "./words.js";

const darkScreen = matchMedia("(prefers-color-scheme: dark)");

/** Light or dark, as the screen is now. */
export const theme = () => document.documentElement.dataset.theme ?? (darkScreen.matches ? "dark" : "light");

/** Wire the switches of the top bar. @param {{onTheme: (theme: string) => void, onLanguage: () => void}} page */
export function wireSwitches({ onTheme, onLanguage }) {
  byId("theme").addEventListener("click", () => {
    const next = theme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    keep({ theme: next });
    try {
      localStorage.setItem("siaga112-theme", next);
    } catch {
      // without storage the choice lasts until the page is left
    }
    onTheme(next);
  });
  darkScreen.addEventListener("change", () => onTheme(theme()));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      const { language } = button.dataset;
      setLanguage(language);
      keep({ language });
      const given = new URLSearchParams(location.search);
      given.set("lang", language);
      history.replaceState(history.state, "", "?" + given);
      onLanguage();
    });
  }
}

/** Put the state of the page into the address. @param {(given: URLSearchParams) => void} write */
export function writeAddress(write, { push }) {
  const before = new URLSearchParams(location.search);
  const given = new URLSearchParams();
  write(given);
  if (currentLanguage() !== "id" || before.has("lang")) given.set("lang", currentLanguage());
  const query = given.size ? "?" + given : "";
  if (query === location.search) return;
  if (push) history.pushState(null, "", query || location.pathname);
  else history.replaceState(null, "", query || location.pathname);
}

export const isTyping = (event) => Boolean(event.target.matches?.("input:not([type=radio]):not([type=checkbox]), select, textarea"));
