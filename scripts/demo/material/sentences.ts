/** Requests for the language model: everyday sentences, written for this demo, with the label that is right. */

export interface Sentence {
  /** ISO 639-1 code, as the model's labels use it. */
  readonly language: string;
  readonly text: string;
}

const SENTENCES_BY_LANGUAGE: Readonly<Record<string, readonly string[]>> = {
  ar: [
    'نسيت مظلتي في القطار هذا الصباح وعدت إلى البيت مبللا.',
    'يفتح السوق القديم أبوابه عند السادسة ويمتلئ برائحة الخبز.',
    'هل يمكنك أن ترسل لي موعد الاجتماع قبل مساء الغد؟',
  ],
  cs: [
    'Dnes ráno mi ujel autobus, a tak jsem šla do práce pěšky.',
    'Na zahradě nám letos dozrálo tolik švestek, že je rozdáváme sousedům.',
    'Můžete mi prosím poslat účet za opravu kola?',
  ],
  da: [
    'Vi sejlede ud til øen, selv om blæsten tog til hen ad eftermiddagen.',
    'Kan du huske, hvor jeg lagde nøglerne til kælderen i går?',
    'Bageren på hjørnet lukker tidligt, fordi hans datter skal giftes.',
  ],
  de: [
    'Der alte Leuchtturm wird seit dem Frühjahr von zwei Schwestern betrieben.',
    'Könnten Sie mir bitte sagen, wann die Werkstatt morgen öffnet?',
    'Nach dem Regen roch der ganze Hof nach nassem Heu und Holz.',
  ],
  el: [
    'Το πλοίο για το νησί έφυγε με δύο ώρες καθυστέρηση λόγω του ανέμου.',
    'Η γιαγιά μου φυτεύει κάθε άνοιξη βασιλικό δίπλα στην πόρτα.',
    'Μπορείτε να μου δείξετε τον δρόμο για τη βιβλιοθήκη;',
  ],
  en: [
    'The ferry left without us, so we spent the evening on the quiet side of the harbour.',
    'Could you check whether the invoice for the two bicycles has been paid?',
    'My neighbour teaches her parrot a new word every winter.',
  ],
  es: [
    'Mi hermana guarda las cartas de la abuela en una caja de galletas.',
    '¿Podría decirme a qué hora sale el último tren hacia la costa?',
    'El panadero del barrio siempre silba cuando saca el pan del horno.',
  ],
  fi: [
    'Järvi jäätyi viime yönä, ja lapset odottavat jo luistimiaan.',
    'Voisitko lähettää minulle kokouksen muistion ennen perjantaita?',
    'Naapurimme korjaa vanhoja radioita kellarissaan pitkin talvea.',
  ],
  fr: [
    'Le facteur a laissé le colis chez la voisine du troisième étage.',
    "Pourriez-vous m'indiquer le chemin le plus court jusqu'au marché ?",
    'Depuis que le pont est fermé, nous traversons la rivière en barque.',
  ],
  he: [
    'שכחתי את המפתחות במשרד ונאלצתי לחכות לשכן עד הערב.',
    'בכל יום שישי סבא שלי מכין מרק גדול לכל המשפחה.',
    'האם אפשר לשנות את התור שלי לשבוע הבא?',
  ],
  hi: [
    'आज सुबह बारिश इतनी तेज़ थी कि बच्चे स्कूल नहीं जा सके।',
    'क्या आप मुझे बता सकते हैं कि डाकघर कितने बजे खुलता है?',
    'मेरी दादी हर शाम आँगन में बैठकर पुरानी कहानियाँ सुनाती हैं।',
  ],
  hu: [
    'A szomszédunk minden reggel friss tojást hoz a tyúkjaitól.',
    'Meg tudná mondani, hányas vágányról indul a vonat?',
    'Tegnap este olyan nagy szél volt, hogy kidőlt az öreg diófa.',
  ],
  id: [
    'Kemarin sore kami terjebak hujan di bawah atap warung kopi.',
    'Bisakah Anda mengirimkan jadwal kereta untuk besok pagi?',
    'Adik saya sedang belajar memperbaiki sepeda tua milik ayah.',
  ],
  it: [
    'Il gatto della portinaia dorme sempre sulla mia bicicletta.',
    'Mi saprebbe dire quando riapre la biblioteca del paese?',
    'Ieri abbiamo raccolto le olive fino a quando è calato il buio.',
  ],
  ja: [
    '駅前の古い喫茶店は、来月で店を閉めるそうです。',
    '明日の会議の資料を今日中に送っていただけますか。',
    '祖父は毎朝、庭の金魚に餌をやってから新聞を読みます。',
  ],
  ko: [
    '어제 비가 너무 많이 와서 우리는 소풍을 다음 주로 미뤘어요.',
    '이 버스가 시립 도서관 앞에 서는지 알려 주시겠어요?',
    '할머니는 겨울마다 이웃들과 함께 김치를 담그신다.',
  ],
  nl: [
    'De molenaar zwaait elke ochtend naar de kinderen op de dijk.',
    'Kunt u mij vertellen of de winkel zondag open is?',
    'Door de mist konden we de overkant van het kanaal niet zien.',
  ],
  pl: [
    'Wczoraj wieczorem zgasło światło w całej naszej wsi.',
    'Czy mogłaby pani sprawdzić, o której odjeżdża ostatni autobus?',
    'Mój dziadek przez całe życie naprawiał zegary w małym warsztacie.',
  ],
  pt: [
    'A minha vizinha deixou as chaves com o senhor da padaria.',
    'Você poderia me avisar quando a encomenda chegar?',
    'Os pescadores voltaram cedo porque o mar estava muito agitado.',
  ],
  ro: [
    'Bunicul meu păstrează toate scrisorile într-o cutie de lemn.',
    'Îmi puteți spune la ce oră se deschide farmacia de lângă gară?',
    'Astă-noapte a nins atât de mult încât drumul a fost închis.',
  ],
  ru: [
    'Сегодня утром на нашей улице прорвало трубу, и воды нет до сих пор.',
    'Подскажите, пожалуйста, когда придёт следующая электричка?',
    'Мой брат всё лето строил лодку в сарае у реки.',
  ],
  sv: [
    'Vi plockade så mycket svamp i skogen att korgen gick sönder.',
    'Kan du skicka adressen till sommarstugan före helgen?',
    'Grannens hund skäller varje gång brevbäraren kommer på cykel.',
  ],
  th: [
    'เมื่อวานฝนตกหนักมากจนถนนหน้าบ้านน้ำท่วม',
    'ช่วยบอกหน่อยได้ไหมว่ารถไฟเที่ยวสุดท้ายออกกี่โมง',
    'คุณยายของฉันทำขนมขายที่ตลาดทุกเช้า',
  ],
  tr: [
    'Komşumuz her sabah balkonundaki güvercinleri besliyor.',
    'Toplantının saatini bana yarına kadar bildirebilir misiniz?',
    'Dün gece elektrikler kesilince mum ışığında yemek yedik.',
  ],
  uk: [
    'Наша сусідка щоранку годує котів біля під’їзду.',
    'Чи не могли б ви надіслати мені розклад поїздів на завтра?',
    'Після дощу діти пускали паперові кораблики вздовж вулиці.',
  ],
  vi: [
    'Sáng nay tôi để quên chiếc ô trên xe buýt nên bị ướt hết.',
    'Bạn có thể cho tôi biết mấy giờ thư viện mở cửa không?',
    'Ông tôi trồng một vườn rau nhỏ phía sau nhà.',
  ],
  zh: [
    '昨天晚上停电了，我们点着蜡烛吃完了晚饭。',
    '请问去火车站应该坐哪一路公交车？',
    '我奶奶每年冬天都会给邻居们包很多饺子。',
  ],
};

/** 81 sentences in 27 languages. */
export const SENTENCES: readonly Sentence[] = Object.entries(SENTENCES_BY_LANGUAGE).flatMap(
  ([language, texts]) => texts.map((text) => ({ language, text })),
);
