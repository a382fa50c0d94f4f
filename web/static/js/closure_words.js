// The words of closed roads in both languages.

import { currentLanguage } from "./words.js";

export const REASONS = {
  id: { flood: "Banjir", accident: "Kecelakaan", roadworks: "Perbaikan jalan", bridge: "Jembatan putus", event: "Acara", other: "Lainnya" },
  en: { flood: "Flood", accident: "Accident", roadworks: "Roadworks", bridge: "Bridge out", event: "Event", other: "Other" },
};

const WORDS = {
  id: {
    title: "Jalan ditutup ({n})",
    close_road: "Tutup jalan",
    reopen: "Buka lagi",
    more: "Tampilkan {n} lagi",
    and_more: "dan {n} lagi",
    nameless: "jalan tanpa nama",
    lost: "Tidak ada di peta ini: {ids}",
    since: "sejak {time}",
    from: "mulai {time}",
    until: "sampai {time}",
    open_end: "sampai dibuka",
    tool: "Cara memilih jalan",
    tool_area: "Area",
    tool_point: "Titik",
    hint_area: "Klik sudut-sudut area di peta, minimal tiga.",
    hint_point: "Klik titik di peta. Radius 0: hanya jalan terdekat.",
    corner_missing: "Kurang satu sudut lagi.",
    corners_missing: "Kurang {n} sudut lagi.",
    until_past: "Waktu buka ini sudah lewat; pilih yang kemudian, atau kosongkan.",
    until_unreadable: "Tanggal dan jamnya belum lengkap; lengkapi, atau kosongkan.",
    note_long: "Catatan paling panjang {most} huruf; ini {n}. Persingkat dahulu.",
    radius: "Radius (m)",
    reason: "Sebab",
    until_label: "Sampai (boleh kosong)",
    note: "Catatan",
    save: "Tutup jalan ini",
    undo: "Hapus titik",
    cancel: "Batal",
    nobody: "Tidak ada desa yang terputus.",
  },
  en: {
    title: "Closed roads ({n})",
    close_road: "Close a road",
    reopen: "Reopen",
    more: "Show {n} more",
    and_more: "and {n} more",
    nameless: "nameless roads",
    lost: "Not on this map: {ids}",
    since: "since {time}",
    from: "from {time}",
    until: "until {time}",
    open_end: "until reopened",
    tool: "How to choose roads",
    tool_area: "Area",
    tool_point: "Point",
    hint_area: "Click the corners of the area on the map, three at least.",
    hint_point: "Click a point on the map. Radius 0: the nearest road alone.",
    corner_missing: "One corner more.",
    corners_missing: "{n} corners more.",
    until_past: "This end has passed already; choose a later one, or leave it empty.",
    until_unreadable: "Date and time are not complete; complete them, or leave them empty.",
    note_long: "A note has {most} letters at most; this one has {n}. Shorten it first.",
    radius: "Radius (m)",
    reason: "Reason",
    until_label: "Until (may be empty)",
    note: "Note",
    save: "Close this road",
    undo: "Remove point",
    cancel: "Cancel",
    nobody: "No village is cut off.",
  },
};

/** A word of closed roads, with its values put in. */
export function say(key, values = {}) {
  return WORDS[currentLanguage()][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}
