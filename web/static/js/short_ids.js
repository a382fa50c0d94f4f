// Short ids as they are said on the radio: A12 for AMB-12, I45 for the open incident that ends in 045.
//
// What fits best wins where it is one; of several that fit as well none is guessed.

const plain = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, "");
const parted = (text) => {
  const [, letters, digits] = /^([A-Z]*)([0-9]*)/.exec(plain(text));
  return { letters, number: digits === "" ? null : Number(digits), whole: plain(text) === letters + digits };
};

/**
 * The units that a text may mean: one, several of the same fit, or none.
 * @param {string} text such as "A12", "amb-12", "12"
 * @param {Iterable<string>} ids
 */
export function unitsMeant(text, ids) {
  const asked = parted(text);
  const wanted = plain(text);
  if (!wanted) return [];
  const known = [...ids];
  const hasNumber = (id) => asked.whole && asked.number !== null && lastNumber(id) === asked.number;
  const fits = [
    (id) => plain(id) === wanted,
    (id) => hasNumber(id) && asked.letters !== "" && plain(id).startsWith(asked.letters),
    (id) => hasNumber(id) && asked.letters !== "" && initials(id) === asked.letters,
    (id) => hasNumber(id) && asked.letters === "",
    (id) => plain(id).startsWith(wanted),
    (id) => plain(id).includes(wanted),
  ];
  return firstThatFits(fits, known);
}

/**
 * The open incidents that a text may mean.
 * @param {string} text such as "I45", "45", "261124-045"
 * @param {Iterable<string>} ids such as "261124-045"
 */
export function incidentsMeant(text, ids) {
  const bare = text.trim().toUpperCase().replace(/^[I#]/, "");
  const number = /^[0-9]{1,6}$/.test(bare) ? Number(bare) : null;
  const fits = [
    (id) => id === bare,
    (id) => plain(id) === bare,
    (id) => number !== null && lastNumber(id) === number,
  ];
  return firstThatFits(fits, [...ids]);
}

/** The shortest form that means this incident alone among those open. */
export function shortIncident(id, ids) {
  const short = "I" + lastNumber(id);
  return incidentsMeant(short, ids).length === 1 ? short : id;
}

const lastNumber = (id) => {
  const found = /([0-9]+)[^0-9]*$/.exec(id);
  return found ? Number(found[1]) : null;
};

const initials = (id) => (id.toUpperCase().match(/[A-Z]+/g) ?? []).map((word) => word[0]).join("");

function firstThatFits(fits, known) {
  for (const fit of fits) {
    const found = known.filter(fit);
    if (found.length) return found.sort();
  }
  return [];
}
