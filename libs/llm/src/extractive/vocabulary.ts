import type { Expectation } from './question.js';

const words = (text: string): ReadonlySet<string> =>
  new Set(text.split(/\s+/).filter((word) => word !== ''));

/**
 * Words that carry a question rather than what it is about, by language: auxiliaries and verbs of asking that lists
 * of function words leave out. They weigh little.
 */
export const SCAFFOLD: Readonly<Record<string, ReadonlySet<string>>> = {
  en: words(`
    need needs needed use used uses using get gets getting got make makes do does done happen happens happened
    mean means meant way ways thing things something anything everything kind kinds sort sorts type types
    many much long often far soon people someone anyone person somebody tell tells told give gives given call called go goes going
    come comes put puts take takes taken keep keeps know known find found want wants look looks like see seen say says said ask try
    good best better well different able possible please exactly actually usually ever still also just really
    explain describe show one ones first new let lets enough within without must have allowed supposed recommended
    example information detail details regarding concerning per may might now today currently current
    year day date time month name place country city person number amount percentage
    required require requires necessary would work works working stand stands considered located refer refers`),
  de: words(`
    wie wann wo wer wen wem was warum wieso weshalb woher wohin welche welcher welches welchen wieviel viel viele lange oft groß hoch
    darf dürfen darfst kann können muss müssen soll sollen sollte möchte will gibt geht machen macht tun gehört gehören
    kommt kommen stellen bekommt bekommen braucht brauchen brauche jemand mal überhaupt eigentlich genau bitte`),
  fr: words(`
    combien quand où comment pourquoi quel quelle quels quelles quoi qui peut peux peuvent faut doit doivent dois faire fait
    est-ce y-a-t-il ya heure temps il ils elle on a t sont y`),
  es: words(`
    cuánto cuánta cuántos cuántas cuándo dónde cómo por qué quién cuál cuáles puede puedo pueden hay hace hacer debe deben hora tiene
    tienen necesito necesita tiempo`),
  it: words(`
    quanto quanta quanti quante quando dove come perché chi quale quali può posso possono deve devono fare fa c è serve ora tempo`),
  pt: words(`
    quanto quanta quantos quantas quando onde como por que quem qual quais pode posso podem deve devem fazer há hora tempo`),
  nl: words(`
    hoe hoeveel wanneer waar waarom wie wat welke welk kan kunnen mag mogen moet moeten doen doet lang vaak groot tijd`),
  ja: words(`
    何 いくら いつ どこ 誰 だれ どう なぜ どの どれ いくつ 何分 何時 何人 何度 何日 何回 方法 行 い て で に は が を の と も か です ます れ ら け る
    た し ません ください さ な へ から まで こと する ある いる お ご 教え`),
  zh: words(`
    什么 怎么 怎样 如何 多少 几 哪 哪里 哪个 谁 为什么 何时 时候 什么时候 吗 呢 的 了 是 在 有 要 用 能 可以 会 把 和 就 都 请 应该 需要 么 很`),
};

/** Words that name what is expected: an answer of that kind need not repeat them. */
export const ATTRIBUTES: Readonly<Partial<Record<Expectation, ReadonlySet<string>>>> = {
  money: words(
    'cost costs price prices fee fees charge charges pay paid expensive much money kostet kosten preis teuer coûte coûtent coût prix cuesta cuestan precio costa prezzo custa preço kost prijs',
  ),
  duration: words(
    'long take takes last lasts time duration hours minutes days weeks months years soon early lange dauert dauer durée dure dura duración',
  ),
  temperature: words(
    'hot cold warm temperature temperatures degrees degree heat heiß kalt warm temperatur température temperatura 度',
  ),
  number: words(
    'much many often number amount quantity count large big high tall deep wide heavy far frequently size fast speed quick quickly groß oft viel viele hoch schwer tief weit 几 多少 何人 何分 何',
  ),
  time: words(
    'time date day year month hour when take place happen happened uhr tag datum jahr heure jour date hora día fecha 点',
  ),
};
