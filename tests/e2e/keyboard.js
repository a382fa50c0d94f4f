// Of a page that is used by keyboard alone: is every stop seen, in the order of the page, and is there a way past what repeats?
() => {
  const channels = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = channels(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (a, b) => {
    const [more, less] = [light(a), light(b)].sort((x, y) => y - x);
    return (more + 0.05) / (less + 0.05);
  };
  const look = (node) => { const s = getComputedStyle(node); return [s.boxShadow, s.borderColor, s.backgroundColor, s.top].join(); };
  const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({visibilityProperty: true}) && one.type !== "hidden");
  const wrong = [];
  if (stops.some((one) => one.tabIndex > 0)) wrong.push("an order of its own (tabindex)");
  const first = stops[0], target = first?.matches(".skip") && document.querySelector(first.getAttribute("href"));
  if (first && !target && !first.closest("main, dialog")) wrong.push("no skip link: " + first.outerHTML.slice(0, 80));
  if (target && target.tabIndex < 0 && !target.hasAttribute("tabindex") && !target.matches("input")) wrong.push("the skip link leads to what takes no focus");
  const was = document.activeElement;
  const alike = new Map();
  for (const one of stops) {
    const kind = [one.tagName, one.className?.baseVal ?? one.className, one.type].join(" ");
    alike.set(kind, (alike.get(kind) ?? 0) + 1);
    if (alike.get(kind) > 2) continue;
    one.blur();
    const before = look(one);
    one.focus({preventScroll: true});
    if (document.activeElement !== one) continue;
    // A box that is drawn by the text beside it, or by the frame about it.
    const drawn = [one, one.nextElementSibling, one.parentElement, one.closest("label, form, li")].filter(Boolean);
    const seen = drawn.some((part) => {
      const style = getComputedStyle(part);
      if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1) return false;
      const inside = parseFloat(style.outlineOffset) < 0;
      return contrast(channels(style.outlineColor), behind(inside ? part : part.parentElement)) >= 3;
    });
    if (!seen && look(one) === before) wrong.push("focus is not seen: " + one.outerHTML.slice(0, 120));
  }
  was?.focus?.({preventScroll: true});
  return wrong;
}
