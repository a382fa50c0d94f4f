// The words of sounds and of the menu of the desk.

import { addWords } from "./words.js";

addWords({
  id: {
    alarms: "Suara",
    alarms_critical: "Kritis",
    alarms_high: "Tinggi",
    alarms_other: "Sedang dan rendah",
    alarms_connection: "Sambungan putus",
    alarms_volume: "Keras suara: {name}",
    alarms_test_incident: "Uji: baru",
    alarms_test_waiting: "Uji: terlambat",
    alarms_test_lost: "Uji",
    alarms_note: "Yang kritis berbunyi lagi tiap {n} detik sampai dilihat. Yang dilakukan di layar ini tidak berbunyi.",
    alarms_blocked: "Suara belum aktif: klik",
    menu: "Menu",
    menu_handover: "Catatan serah terima",
    menu_wall: "Layar dinding",
    menu_village: "Halaman desa",
    sheet: "Lembar cetak",
    key_now: "rekomendasi untuk insiden yang dilewati",
  },
  en: {
    alarms: "Sounds",
    alarms_critical: "Critical",
    alarms_high: "High",
    alarms_other: "Moderate and low",
    alarms_connection: "Connection lost",
    alarms_volume: "Volume: {name}",
    alarms_test_incident: "Test: new",
    alarms_test_waiting: "Test: late",
    alarms_test_lost: "Test",
    alarms_note: "Critical ones sound again every {n} seconds until looked at. What is done on this screen makes no sound.",
    alarms_blocked: "Sound is off: click",
    menu: "Menu",
    menu_handover: "Handover note",
    menu_wall: "Wall screen",
    menu_village: "Village page",
    sheet: "Print sheet",
    key_now: "recommend for the incident that is passed by",
  },
});
