// What callers answered to the questions of the run card, as it is read again later.

import { el } from "./dom.js";
import { currentLanguage, word } from "./words.js";

/** @param {{field: string, text: string|null, masked: boolean, erased: boolean, question: string}[]} texts @param {object} desk */
export function answerItems(texts, desk) {
  const questions = new Map(desk.directory.plans.flatMap((plan) => plan.questions).map((one) => [one.question_id, one]));
  const said = (text) => text?.[currentLanguage()] ?? text?.id;
  return texts.filter((one) => one.field === "answer").map((one) => {
    const question = questions.get(one.question);
    const [answerId, ...words] = (one.text ?? "").split(": ");
    const chosen = question?.answers.find((each) => each.answer_id === answerId);
    const shown = one.erased ? word("erased") : one.masked ? one.text : [said(chosen?.text) ?? answerId, words.join(": ")].filter(Boolean).join(" · ");
    return el("li", { class: "given-answer" }, el("p", { class: "muted" }, said(question?.text) ?? one.question), el("p", { class: one.masked ? "masked" : "" }, shown));
  });
}
