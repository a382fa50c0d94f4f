// The words of the page in both languages. Answers of the server come in the language that was asked for.

const WORDS = {
  id: {
    skip: "Langsung ke kotak lokasi",
    planner: "Perencanaan",
    accounts: "Daftar akun",
    language: "Bahasa",
    theme: "Tampilan terang atau gelap",
    panel: "Lokasi dan unit",
    map: "Peta",
    at_label: "Lokasi kejadian",
    at_placeholder: "Desa, tempat, koordinat, atau tautan peta",
    at_hint: "Ketik atau tempel, atau klik peta.",
    clear: "Kosongkan",
    suggestions: "Saran lokasi",
    kind_label: "Jenis unit",
    kind_all: "Semua",
    key_search: "cari",
    key_unit: "pilih unit",
    key_clear: "kosongkan",
    no_suggestions: "Tidak ada saran. Tekan Enter untuk mencari teks ini.",
    count_suggestions: "{n} saran. Pilih dengan panah, lalu Enter.",
    lost: "Sambungan ke server terputus. Periksa jaringan atau server, lalu coba lagi.",
    lost_short: "Server tidak terhubung",
    retry: "Coba lagi",
    failed: "Permintaan ini tidak dapat dijawab.",
    village: "Desa/kelurahan",
    kecamatan: "Kec.",
    status_inside: "Di dalam batas",
    status_nearest: "Desa terdekat",
    status_outside: "Di luar wilayah",
    asked_point: "Titik",
    asked_place: "Tempat",
    asked_village: "Hanya wilayah yang diketahui",
    border_near: "{m} dari batas desa. Bisa juga di:",
    towards: "Desa terdekat: {name}, {m} arah {bearing}.",
    choose: "Lokasi ini dapat berarti beberapa tempat. Yang dimaksud?",
    confirm: "Belum pasti. Pastikan dengan pelapor.",
    taken: "Dipakai sementara",
    radius: "ketelitian ± {m}",
    units: "Unit menurut waktu tempuh jalan",
    no_units: "Tidak ada unit yang dapat ditawarkan.",
    eta: "perkiraan tiba",
    minutes: "mnt:dtk",
    straight: "Garis lurus: urutan {n}, {m}",
    straight_short: "lurus",
    fix_age: "Posisi {age} lalu",
    fix_unknown: "Posisi: di pos",
    part_turnout: "berangkat",
    part_reach_road: "ke jalan",
    part_driving: "di jalan",
    part_last_metres: "jalan kaki",
    first_share: "Pertama di {share} wilayah",
    range: "{min} sampai {max}",
    range_detail: "rata-rata {mean}, median {median}, 90 % dalam {p90}",
    further: "Tampilkan {n} unit lain yang lebih lambat",
    excluded: "{n} unit tidak ditawarkan",
    shortfalls: "Kekurangan",
    route: "Rute {unit}",
    route_summary: "{m} lewat jalan, {eta} sampai lokasi",
    route_none: "Tidak ada rute untuk unit ini.",
    gpx: "Unduh GPX",
    directions: "Petunjuk jalan",
    says_units: "{n} unit. Pertama: {unit}, {eta}.",
    says_none: "Tidak ada unit yang dapat ditawarkan.",
    welcome_title: "Di mana kejadiannya?",
    welcome: "Ketik nama desa, tempat, persimpangan, atau koordinat; tempel tautan Google Maps atau pesan WhatsApp; atau klik peta.",
    welcome_counts: "{villages} desa/kelurahan, {units} unit di wilayah ini.",
    sources: "Data: {names}",
    zoom_in: "Perbesar",
    zoom_out: "Perkecil",
    incident: "Lokasi kejadian",
    seconds: "{n} dtk",
    minutes_ago: "{n} mnt",
    hours_ago: "{n} jam",
    days_ago: "{n} hari",
    bearings: "utara,timur laut,timur,tenggara,selatan,barat daya,barat,barat laut",
    kinds: {
      ambulance: "Ambulans", fire_engine: "Pemadam", police: "Polisi", rescue: "Penyelamat", rescue_car: "Penyelamat",
      boat: "Perahu", rapid_response: "Tim reaksi cepat", evacuation_truck: "Truk evakuasi", heavy_equipment: "Alat berat",
      public_order: "Satpol PP", traffic_unit: "Dishub", tow_truck: "Derek", social_services: "Dinsos",
      village: "desa", kecamatan: "kecamatan", kabupaten: "kabupaten", hospital: "rumah sakit", clinic: "puskesmas/klinik",
      fire_station: "pos pemadam", townhall: "kantor desa", school: "sekolah", place_of_worship: "tempat ibadah",
      market: "pasar", place: "tempat", street: "jalan", crossing: "persimpangan", point: "koordinat",
    },
  },
  en: {
    skip: "Skip to the location box",
    planner: "Planning",
    accounts: "Accounts",
    language: "Language",
    theme: "Light or dark appearance",
    panel: "Location and units",
    map: "Map",
    at_label: "Incident location",
    at_placeholder: "Village, place, coordinates, or map link",
    at_hint: "Type or paste, or click the map.",
    clear: "Clear",
    suggestions: "Suggested locations",
    kind_label: "Kind of unit",
    kind_all: "All",
    key_search: "search",
    key_unit: "choose unit",
    key_clear: "clear",
    no_suggestions: "No suggestions. Press Enter to search for this text.",
    count_suggestions: "{n} suggestions. Choose with the arrows, then Enter.",
    lost: "The connection to the server is lost. Check the network or the server, then try again.",
    lost_short: "Server not connected",
    retry: "Try again",
    failed: "This request cannot be answered.",
    village: "Village",
    kecamatan: "Kec.",
    status_inside: "Inside the border",
    status_nearest: "Nearest village",
    status_outside: "Outside the region",
    asked_point: "Point",
    asked_place: "Place",
    asked_village: "Only the area is known",
    border_near: "{m} from the village border. It may also be in:",
    towards: "Nearest village: {name}, {m} to the {bearing}.",
    choose: "This location may mean several places. Which one?",
    confirm: "Not sure. Confirm with the caller.",
    taken: "Used for now",
    radius: "accurate to ± {m}",
    units: "Units by road travel time",
    no_units: "No unit can be offered.",
    eta: "estimated arrival",
    minutes: "min:s",
    straight: "Straight line: rank {n}, {m}",
    straight_short: "straight",
    fix_age: "Position {age} ago",
    fix_unknown: "Position: at its post",
    part_turnout: "turnout",
    part_reach_road: "to the road",
    part_driving: "driving",
    part_last_metres: "on foot",
    first_share: "First in {share} of the area",
    range: "{min} to {max}",
    range_detail: "mean {mean}, median {median}, 90 % within {p90}",
    further: "Show {n} more units that are slower",
    excluded: "{n} units not offered",
    shortfalls: "Shortfalls",
    route: "Route of {unit}",
    route_summary: "{m} by road, {eta} to the location",
    route_none: "There is no route for this unit.",
    gpx: "Download GPX",
    directions: "Directions",
    says_units: "{n} units. First: {unit}, {eta}.",
    says_none: "No unit can be offered.",
    welcome_title: "Where is the incident?",
    welcome: "Type a village, place, crossing, or coordinates; paste a Google Maps link or a WhatsApp message; or click the map.",
    welcome_counts: "{villages} villages, {units} units in this region.",
    sources: "Data: {names}",
    zoom_in: "Zoom in",
    zoom_out: "Zoom out",
    incident: "Incident location",
    seconds: "{n} s",
    minutes_ago: "{n} min",
    hours_ago: "{n} h",
    days_ago: "{n} days",
    bearings: "north,north-east,east,south-east,south,south-west,west,north-west",
    kinds: {
      ambulance: "Ambulance", fire_engine: "Fire engine", police: "Police", rescue: "Rescue", rescue_car: "Rescue",
      boat: "Boat", rapid_response: "Rapid response", evacuation_truck: "Evacuation truck", heavy_equipment: "Heavy equipment",
      public_order: "Satpol PP", traffic_unit: "Dishub", tow_truck: "Tow truck", social_services: "Dinsos",
      village: "village", kecamatan: "kecamatan", kabupaten: "kabupaten", hospital: "hospital", clinic: "clinic",
      fire_station: "fire station", townhall: "village office", school: "school", place_of_worship: "place of worship",
      market: "market", place: "place", street: "street", crossing: "crossing", point: "coordinates",
    },
  },
};

let language = document.documentElement.lang === "en" ? "en" : "id";

export const currentLanguage = () => language;

export function setLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  try {
    localStorage.setItem("siaga112-language", chosen);
  } catch {
    // a browser without storage forgets it, the address still carries it
  }
}

/**
 * The words of a feature, beside those of the page; a key that is there already gets the new word, and inner tables grow.
 * @param {{id: object, en: object}} words
 */
export function addWords(words) {
  for (const [tongue, added] of Object.entries(words)) {
    for (const [key, value] of Object.entries(added)) {
      if (typeof value === "object") WORDS[tongue][key] = { ...WORDS[tongue][key], ...value };
      else WORDS[tongue][key] = value;
    }
  }
}

/** A word of the page; {names} in it are filled in. */
export function word(key, values = {}) {
  return (WORDS[language][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** A word of an inner table, such as ("statuses", "en_route"); without one the key itself, readable. */
export function wordOf(table, key) {
  return WORDS[language][table]?.[key] ?? key.replaceAll("_", " ");
}

export function kindWord(kind) {
  return WORDS[language].kinds[kind] ?? kind.replaceAll("_", " ");
}

/** Write the words into the page's own elements. */
export function translatePage() {
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", word(node.dataset.label));
  for (const node of document.querySelectorAll("[data-placeholder]")) node.placeholder = word(node.dataset.placeholder);
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language));
  }
}

const LOCALES = { id: "id-ID", en: "en-GB" };

// Making one takes far longer than using it, and a full desk writes hundreds of numbers a second.
const formats = new Map();

export function number(value, digits = 0) {
  const key = language + digits;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: digits, minimumFractionDigits: digits }));
  return formats.get(key).format(value);
}

export function metres(value) {
  if (value < 1000) return number(value < 100 ? Math.round(value) : Math.round(value / 10) * 10) + " m";
  return number(value / 1000, value < 10000 ? 1 : 0) + " km";
}

export function percent(share) {
  return number(share * 100, share > 0 && share < 0.1 ? 1 : 0) + " %";
}

/** Minutes and seconds, 6:05; hours from 60 minutes on, 1:02:05. */
export function clock(seconds) {
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export function age(seconds) {
  if (seconds < 90) return word("seconds", { n: number(Math.max(0, Math.round(seconds))) });
  if (seconds < 5400) return word("minutes_ago", { n: number(Math.round(seconds / 60)) });
  if (seconds < 129600) return word("hours_ago", { n: number(Math.round(seconds / 3600)) });
  return word("days_ago", { n: number(Math.round(seconds / 86400)) });
}

export function bearing(degrees) {
  return word("bearings").split(",")[Math.round(degrees / 45) % 8];
}
