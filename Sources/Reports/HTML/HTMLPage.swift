import Measures

/// A page that needs nothing but itself: style and pictures are inside, there are no scripts.
struct HTMLPage {
  let title: String
  private var body: [String] = []

  init(title: String) { self.title = title }

  mutating func add(_ markup: String) { body.append(markup) }

  mutating func heading(_ text: String) {
    body.append(Markup.element("h2", [:], Markup.escaped(text)))
  }

  /// A sentence or two.
  mutating func note(_ text: String) {
    body.append(Markup.element("p", ["class": "note"], Markup.escaped(text)))
  }

  /// Adds the subject of the table below.
  mutating func caption(_ text: String) {
    body.append(Markup.element("h3", [:], Markup.escaped(text)))
  }

  /// Figures side by side, each a caption and a plot.
  mutating func figures(_ figures: [(caption: String, plot: String)]) {
    let written = figures.map { caption, plot in
      let caption = Markup.element("figcaption", [:], Markup.escaped(caption))
      return Markup.element("figure", [:], caption + plot)
    }
    body.append(Markup.element("div", ["class": "figures"], written.joined()))
  }

  /// A table that is folded away until it is asked for.
  mutating func details(_ summary: String, _ table: HTMLTable) {
    let head = Markup.element("summary", [:], Markup.escaped(summary))
    body.append(Markup.element("details", [:], head + table.markup()))
  }

  /// The contents of the page's `main`.
  var content: String {
    Markup.element("h1", [:], Markup.escaped(title)) + "\n" + body.joined(separator: "\n")
  }

  /// The whole page; `script` runs at its end, if there is one.
  func text(script: String? = nil) -> String {
    let head =
      "<meta charset=\"utf-8\">"
      + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      + "<meta name=\"color-scheme\" content=\"light dark\">"
      + Markup.element("title", [:], Markup.escaped(title))
      + Markup.element("style", [:], Self.style)
    let end = script.map { "<script>\($0)</script>" } ?? ""
    return "<!DOCTYPE html>\n<html lang=\"en\"><head>\(head)</head>\n<body><main>\n"
      + content + "\n</main>\(end)</body></html>\n"
  }

  /// Colours that also the colour-blind tell apart (Okabe and Ito, 2008), for light, dark and
  /// paper.
  private static let style = """
    :root { --ink: #1c1c1e; --paper: #ffffff; --faint: #d9d9de; --soft: #6b6b72; --tile: #f4f4f6; --on: #ffffff;
      --s1: #0072b2; --s2: #d55e00; --s3: #009e73; --s4: #cc79a7; --s5: #e69f00; --s6: #56b4e9;
      --s7: #7a6a00; --s8: #6b6b72; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #ececf0; --paper: #17171a; --faint: #3a3a40; --soft: #a0a0a8; --tile: #222226; --on: #17171a;
        --s1: #4aa8e0; --s2: #f08a3c; --s3: #2fc79a; --s7: #d8c840; } }
    @media print {
      :root { --ink: #000000; --paper: #ffffff; --faint: #cccccc; --soft: #444444; --tile: #ffffff; }
      figure, table, .tiles { break-inside: avoid; } }
    body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
    main { max-width: 1240px; margin: 0 auto; padding: 24px 16px 48px; }
    h1 { font-size: 26px; margin: 0; } h2 { font-size: 19px; margin: 36px 0 8px; }
    h3 { font-size: 15px; margin: 18px 0 0; } .live { position: sticky; top: 0; margin: 0; padding: 2px 16px;
      background: var(--tile); font-size: 13px; z-index: 1; }
    .presence { max-width: 1240px; margin: 0 auto; padding: 8px 16px 0; font-size: 13px; }
    p { margin: 4px 0; color: var(--soft); }
    .tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0; }
    .tile { background: var(--tile); border-radius: 8px; padding: 10px 16px; min-width: 120px; }
    .tile b { display: block; font-size: 21px; } .tile span { color: var(--soft); font-size: 13px; }
    .figures { display: grid; gap: 24px;
      grid-template-columns: repeat(auto-fill, minmax(min(350px, 100%), 1fr)); }
    figure { margin: 0; max-width: 560px; display: flex; flex-direction: column; }
    figcaption { font-weight: 600; } figure svg { margin-top: auto; }
    svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 12px; }
    .grid { stroke: var(--faint); } .axis { stroke: var(--soft); }
    .border { stroke: var(--soft); stroke-dasharray: 2 4; }
    .limit { stroke: var(--ink); stroke-width: 2; stroke-dasharray: 6 3; }
    .front { fill: none; stroke: var(--soft); stroke-dasharray: 6 3; }
    .curve { fill: none; stroke-width: 2; } .trend { fill: none; stroke-dasharray: 5 4; }
    .band, .key.band::before { opacity: 0.2; } .key.band { opacity: 1; } .shade { fill: var(--s1); }
    .shade.d1, .key.d1::before { opacity: 0.12; } .shade.d2, .key.d2::before { opacity: 0.24; }
    .shade.d3, .key.d3::before { opacity: 0.36; } .shade.d4, .key.d4::before { opacity: 0.5; }
    .shade.d5, .key.d5::before { opacity: 0.62; } .shade.d6, .key.d6::before { opacity: 0.75; }
    .shade.d7, .key.d7::before { opacity: 0.87; }
    .round { stroke: var(--paper); stroke-width: 0.5; }
    .warm { opacity: 0.55; }
    .node { fill: var(--tile); stroke: var(--faint); } .link { fill: none; stroke: var(--soft); }
    .pending { fill: none; stroke: var(--faint); stroke-dasharray: 3 3; }
    svg text.value { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
    svg text.strong { fill: var(--ink); font-weight: 600; } svg text.inside { fill: var(--on); font-size: 11px; }
    .state { display: inline-block; border-radius: 9px; padding: 0 10px; background: var(--tile); color: var(--ink); }
    .state.done { background: var(--s3); color: var(--on); } .state.running { background: var(--s1); color: var(--on); }
    .state.aborted, .state.interrupted, .state.fruitless { background: var(--s2); color: var(--on); }
    .note { max-width: 72ch; }
    :is(.curve, .trend).s1 { stroke: var(--s1); } :is(.curve, .trend).s2 { stroke: var(--s2); } :is(.curve, .trend).s3 { stroke: var(--s3); }
    :is(.curve, .trend).s4 { stroke: var(--s4); } :is(.curve, .trend).s5 { stroke: var(--s5); } :is(.curve, .trend).s6 { stroke: var(--s6); }
    :is(.curve, .trend).s7 { stroke: var(--s7); } :is(.curve, .trend).s8 { stroke: var(--s8); }
    :is(.mark, .bar, .round, .band).s1 { fill: var(--s1); } :is(.mark, .bar, .round, .band).s2 { fill: var(--s2); }
    :is(.mark, .bar, .round, .band).s3 { fill: var(--s3); } :is(.mark, .bar, .round, .band).s4 { fill: var(--s4); }
    :is(.mark, .bar, .round, .band).s5 { fill: var(--s5); } :is(.mark, .bar, .round, .band).s6 { fill: var(--s6); }
    :is(.mark, .bar, .round, .band).s7 { fill: var(--s7); } :is(.mark, .bar, .round, .band).s8 { fill: var(--s8); }
    .legend { font-size: 13px; color: var(--soft); }
    .key { margin-right: 14px; white-space: nowrap; } .key::before { content: ""; display: inline-block; width: 10px;
      height: 10px; border-radius: 2px; margin-right: 5px; background: var(--soft); }
    .key.s1::before { background: var(--s1); } .key.s2::before { background: var(--s2); }
    .key.s3::before { background: var(--s3); } .key.s4::before { background: var(--s4); }
    .key.s5::before { background: var(--s5); } .key.s6::before { background: var(--s6); }
    .key.s7::before { background: var(--s7); } .key.s8::before { background: var(--s8); } .key.limit::before { height: 2px; vertical-align: 4px;
      background: var(--ink); }
    .scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; margin: 8px 0;
      font-variant-numeric: tabular-nums; }
    th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid var(--faint); white-space: nowrap; }
    th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
    summary { cursor: pointer; color: var(--soft); margin-top: 8px; }
    """
}

/// The script of the live page: puts new contents in as the server sends them.
enum LiveScript {
  /// Keeps what is unfolded unfolded; says when the run has ended or the server is gone.
  static let text = """
    const main = document.querySelector('main');
    const note = document.createElement('p');
    note.className = 'live';
    note.textContent = 'live';
    main.before(note);
    const people = document.createElement('section');
    people.className = 'presence';
    main.before(people);
    const source = new EventSource('events');
    source.addEventListener('content', event => {
      const open = [...main.querySelectorAll('details')].map(part => part.open);
      main.innerHTML = JSON.parse(event.data);
      [...main.querySelectorAll('details')].forEach((part, at) => { part.open = open[at] ?? false; });
      note.textContent = 'live';
    });
    source.addEventListener('presence', event => {
      const open = people.querySelector('details')?.open;
      people.innerHTML = JSON.parse(event.data);
      const part = people.querySelector('details');
      if (part && open !== undefined) { part.open = open; }
    });
    source.addEventListener('end', () => { source.close(); note.textContent = 'the run has ended'; });
    source.onerror = () => { note.textContent = 'no connection; trying again'; };
    """
}

/// Text of HTML and SVG, written by hand: no more is needed for a page without scripts.
enum Markup {
  /// An element with the given attributes around `content`, which is markup already.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: String = ""
  ) -> String {
    let written = attributes.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
    return "<\(name)\(written)>\(content)</\(name)>"
  }

  /// `text` with the characters replaced that mean something in markup.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.append(character)
      }
    }
    return escaped
  }

  /// A coordinate, to a tenth of a pixel.
  static func coordinate(_ value: Double) -> String { value.fixed(1) }
}
