"""Words that callers use around a place: never half a name, and what they tell about the kind of place.

`COMMON` only keeps a word from being taken for a misspelt name (`ambil` for Ambit, `sedang` for Sedong). A village
that is really called so is still found, since an exact name is matched before this list is asked.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMON = _words(
    """
    ada adalah adanya agar air aja akan akibat akses aku alamat alang aman ambil ambulan ambulance
    ambulans ambruk amin anak anaknya anda angin angkut antara apa apakah api arah area arus asap
    assalamualaikum assalamu alaikum atap atas atau awan ayah ayo baca bagaimana bagian bahaya bahan
    bahwa baik bakar banget bangunan banjir bantu bantuan banyak bapak bapa bapaknya barang baru basah
    batas batu bawa bawah bayi beberapa begitu belakang belum benar beras berat berada berdarah
    berdasarkan berhenti beri berikut beruntun besar besok bila bilang bisa bocor boleh bpk bu buat
    bukan bulan buruh cair camat cedera cek cepat cepet coba cuaca cukup daerah dagang dahulu dalam dan
    dapat darah dari darurat data datang dekat delapan dengan depan detik di dia dibantu dibawa
    dievakuasi diduga dijemput dikarenakan diketahui dilaporkan dimana dini dinas diri disana disini
    ditemukan dokter dong dua dulu duka empat enam evakuasi gas gawat gedung gempa gimana gudang habis
    halo hallo hamil hanyut hari harap hendak hidup hilang hitam hp hubungi hub hujan ibu ijin izin ikut
    info informasi ini istri itu jadi jaga jalan jam jangan jantung jarak jatuh jembatan jemput jenazah
    jika juga jumat kabel kabar kader kaki kakek kalau kalo kali kamar kami kamis kampung kanan kandang
    kantor kapal karena kasih kasus katanya kawasan kayu ke kebakar kebakaran kebanjiran kecelakaan
    kecil kejadian kejang kekuatan keluarga keluar kemarin kembali kena kendaraan kenapa kepada kepala
    keracunan kereta kering keterangan ketemu ketua kebun kios kira kirim kiri kita kobaran kolam kompor
    komandan kondisi konsleting kontak korban korsleting kosong kota kritis kuat kurang kuwu ladang lagi
    lahan lahir lahiran laka lalu lain laki lama lampu lantai lantas langsung lapor laporan lebih lemas
    lewat lima listrik lokasi lokasinya longsor luar luas luka lurus macet mahasiswa makan makanan malam
    mana manis mandi mas masih masuk masyarakat mati mau mayat mbah mbak medis melahirkan melaporkan
    meledak meluap membantu meminta meninggal menabrak menimpa menit menuju menutup merah mereka merdeka
    mesin meter milik mina minta min mobil mohon mojok monitor motor muda mulai muncul muter naik nama
    nelayan nenek nih no nomer nomor nya nyala nyonya objek oleh oknum om operator orang orangnya pabrik
    pada padam padamkan pagi pak paket paling panas panjang pantai pantura para parah parkir partus pas
    pasien paska pasti patah pecah pelajar pelaku pemadam pembakaran penumpang penuh perahu peristiwa
    perkiraan perlu pernah persawahan persis petani petugas pihak piket pingsan pinggir pinggang pohon
    polisi posisi posisinya prau proses puing pukul pulang puluh punya pusat putih putus rabu ramai
    rawan relawan rel rem reruntuhan resiko ringan roboh rokok ruko rumah rumahnya rusak saat sabtu
    sakit saja salah salam sama sambaran samping sampai sampah sana sangat santri sarang satu saudara
    sawah saya sebab sebelah sebelum seberang sebuah sedang segera sejak sekali sekarang sekitar sekolah
    selalu selamat selasa seluruh semalam semua semut sendiri senin sepeda seperti serangan serta sesak
    sesudah setelah setiap setinggi siang siap siapa silakan sini situ soalnya sopir sore suami suara
    sudah suka sumur sungai surat susah susulan tabrakan tabrak tadi tahun tak takut tali tanah tanda
    tanggal tangki tanggul tangan tanpa tanya tawon tawuran telah telepon telp telpon teman tempat
    tenggelam tengah tentang tepat tepatnya terbakar tercebur terdampak terendam tergeletak terguling
    terhadap terima terjadi terjebak terjatuh terjepit terkini terluka terperosok tersengat tertabrak
    tertimpa tetangga tetapi tewas tiang tiba tiga tim tinggi tinggal tindak titik tol tolong tolongin
    toko total truk truck tumbang tunggal turun tutup udah udara uang ular umum umur unit untuk urgent
    utama waduk wafat waktu wanita warga warung wib wilayah wilkum ya yaa yah yang yg aya kahuruan
    tulung tulungan ana wong ning nang kang teh mah atuh euy abdi urang imah leuwi kula isun sampeyan
    umah omah kobongan bade punten enggal geura pisan geuning gelis bli ora wis iki kien kuen dg dgn dlm
    dr dri gak ga gk nggak tdk tidak jg jgn jl jd krn klo kl kpd lg lgi mhn mo ms msh org pd pa pke sdh
    sy sya sm skrg skrng slmt sgr segra tlg tlng tolg tsb tersebut trus utk wrg aj bgt bs cpt dtg dkk
    dll hrp hri hr kk jml jmlh km januari februari maret april mei juni juli agustus september oktober
    november desember tgl th thn selatan utara barat sebaliknya kejadiannya kronologi pelapor perihal
    penyebab sumbernya saksi umurnya usia ny tn sdr
    """
)
"""Words of messages that are no part of a name unless a name says so."""

HARD_STOPS = _words(
    """
    ada dan dari dengan di ini itu ke kami mohon oleh pada saya saja sudah tersebut tolong untuk yang yg
    ya atau karena kita nya dekat depan belakang samping seberang sebelah sekitar
    """
)
"""Words that no name starts with, even right after `desa`."""

FALSE_STARTS = frozenset(
    {
        ("sumber", "api"),
        ("sumber", "air"),
        ("sumber", "asap"),
        ("sumber", "informasi"),
        ("sumber", "kebakaran"),
        ("sumber", "ledakan"),
        ("serangan", "jantung"),
        ("pak", "lurah"),
        ("bu", "lurah"),
        ("bapak", "lurah"),
        ("ibu", "lurah"),
        ("rumah", "warga"),
    }
)
"""Pairs of words in which the one that may be a name is none."""

PLACE_KINDS: dict[tuple[str, ...], tuple[str, str | None]] = {
    **dict.fromkeys(
        (
            ("balai", "desa"),
            ("kantor", "desa"),
            ("kantor", "kuwu"),
            ("kantor", "kades"),
            ("kantor", "kepala", "desa"),
            ("kantor", "balai", "desa"),
            ("kantor", "kelurahan"),
            ("kantor", "lurah"),
            ("balai", "kelurahan"),
            ("balai", "kuwu"),
            ("pendopo", "desa"),
        ),
        ("townhall", "village"),
    ),
    **dict.fromkeys(
        (("kantor", "kecamatan"), ("kantor", "camat"), ("pendopo", "kecamatan")),
        ("townhall", "kecamatan"),
    ),
    **dict.fromkeys(
        (
            ("kantor", "bupati"),
            ("kantor", "pemda"),
            ("kantor", "pemkab"),
            ("pemda",),
            ("pemkab",),
            ("pendopo", "bupati"),
        ),
        ("townhall", "kabupaten"),
    ),
    **dict.fromkeys(
        (("puskesmas",), ("puskesmas", "pembantu"), ("pustu",), ("uptd", "puskesmas"), ("klinik",), ("poliklinik",)),
        ("clinic", None),
    ),
    **dict.fromkeys(
        (
            ("rumah", "sakit"),
            ("rumah", "sakit", "umum"),
            ("rumah", "sakit", "umum", "daerah"),
            ("rumah", "sakit", "islam"),
            ("rs",),
            ("rsu",),
            ("rsud",),
            ("rsia",),
            ("rsk",),
            ("rsi",),
            ("rsj",),
            ("hospital",),
        ),
        ("hospital", None),
    ),
    **dict.fromkeys(
        (
            ("polsek",),
            ("polres",),
            ("polresta",),
            ("polsekta",),
            ("pospol",),
            ("pos", "polisi"),
            ("kantor", "polisi"),
            ("kantor", "polsek"),
        ),
        ("police", None),
    ),
    **dict.fromkeys(
        (
            ("damkar",),
            ("pos", "damkar"),
            ("kantor", "damkar"),
            ("pemadam",),
            ("pemadam", "kebakaran"),
            ("pos", "pemadam"),
            ("pos", "pemadam", "kebakaran"),
            ("dinas", "pemadam", "kebakaran"),
            ("kantor", "pemadam", "kebakaran"),
        ),
        ("fire_station", None),
    ),
    **dict.fromkeys(
        (
            ("sekolah",),
            ("sekolah", "dasar"),
            ("madrasah",),
            ("pesantren",),
            ("pondok", "pesantren"),
            ("pondok",),
            ("paud",),
            ("kampus",),
            ("universitas",),
        ),
        ("school", None),
    ),
    **dict.fromkeys(
        (("masjid",), ("masjid", "agung"), ("masjid", "raya"), ("musala",), ("gereja",), ("klenteng",), ("vihara",)),
        ("place_of_worship", None),
    ),
    ("pasar",): ("market", None),
    ("stasiun",): ("station", None),
    ("terminal",): ("bus_station", None),
    ("alun",): ("square", None),
    ("alun", "alun"): ("square", None),
    **dict.fromkeys((("spbu",), ("pom", "bensin"), ("pom",)), ("fuel", None)),
    **dict.fromkeys((("apotek",), ("apotik",)), ("pharmacy", None)),
    ("bank",): ("bank", None),
    **dict.fromkeys((("indomaret",), ("alfamart",), ("alfamidi",)), ("shop", None)),
    **dict.fromkeys((("pabrik",), ("gudang",)), ("industrial", None)),
    ("jembatan",): ("bridge", None),
    ("makam",): ("cemetery", None),
}
"""Word sequences that tell a kind of place, and for an office the level of the area that it serves."""

KIND_BEGINNINGS = frozenset(sequence[0] for sequence in PLACE_KINDS)

KIND_FAMILIES: dict[str, frozenset[str]] = {
    "clinic": frozenset({"clinic", "puskesmas", "doctors", "health_post"}),
    "townhall": frozenset({"townhall", "government", "office", "village_office"}),
    "school": frozenset({"school", "kindergarten", "college", "university", "boarding_school"}),
    "market": frozenset({"market", "marketplace"}),
    "police": frozenset({"police"}),
    "station": frozenset({"station", "railway_station", "train_station"}),
}
"""Kinds of the gazetteer that a kind asked for stands for; itself where it is not listed."""

GENERIC_STREET_WORDS = _words(
    """
    raya gang provinsi nasional kabupaten lintas poros arteri lingkar tol bypass
    """
)
"""Words that say what kind of street is meant, and so are no misspelt village within a street's name."""

CROSSING_WORDS = frozenset(
    {
        "perempatan",
        "pertigaan",
        "simpang",
        "persimpangan",
        "prapatan",
        "perapatan",
        "protelon",
        "proliman",
        "simpangan",
        "simp",
    }
)
CROSSING_SIZES = frozenset({"tiga", "empat", "lima", "3", "4", "5"})

LOCATIVES = _words(
    """
    di ke dari wilayah daerah warga arah alamat lokasi posisi tepatnya area pantai sungai jembatan perbatasan blok
    kampung ning kawasan sekitar sawah wong urang pasar tempat
    """
)
"""Words after which a message names a place."""

NAME_TAILS = _words(
    """
    utara timur selatan barat tengah kota desa baru lama besar kecil indah tinggi panjang mekar merah
    putih mas muara pantai
    """
)
"""Common words that often end a name, and so do not end a marked phrase."""

BEARINGS = {
    "utara": 0.0,
    "timur": 90.0,
    "selatan": 180.0,
    "barat": 270.0,
    "lor": 0.0,
    "kaler": 0.0,
    "wetan": 90.0,
    "kidul": 180.0,
    "kulon": 270.0,
}
SAME_DIRECTION = {
    word: tuple(other for other in alike if other != word)
    for alike in (("lor", "kaler", "utara"), ("kidul", "selatan"), ("wetan", "timur"), ("kulon", "barat"))
    for word in alike
}
"""Other words, Javanese, Sundanese and Indonesian, for the direction in a name."""

DIRECTIONS: dict[float | None, str] = {0.0: "lor", 90.0: "wetan", 180.0: "kidul", 270.0: "kulon"}
"""The word for a bearing that most names of villages end with."""

COMPOUND_BEARINGS = {
    ("timur", "laut"): 45.0,
    ("barat", "laut"): 315.0,
    ("barat", "daya"): 225.0,
}
SINGLE_BEARINGS = {"timurlaut": 45.0, "tenggara": 135.0, "baratdaya": 225.0, "baratlaut": 315.0}
CARDINALS = frozenset({"utara", "timur", "selatan", "barat"})
RELATIONS = frozenset({"dekat", "depan", "belakang", "samping", "seberang", "sebelah", "sekitar", "pinggir"})
