import Foundation
import TestSupport
import Testing

/// The pages as a browser shows them.
@Suite(
  .serialized, .longRunning, .timeLimit(.minutes(5)),
  .enabled(if: Browser.isExpected, "chromium isn't installed: apt-get install chromium"))
struct BrowserTests {
  /// Widths and colours that every page is looked at in.
  static let looks = [400, 1400].flatMap { width in [false, true].map { (width, $0) } }

  @Test func `a report is whole in a browser, at any width and in both colours`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      SmallRun.topology(rounds: "[2, 2, 3]", more: "evaluation:\n  every: 1"), to: "small.yaml")
    let run = try Command([
      "simulate", topology, "--out", folder.path("run"), "--json", "--quiet", "--transport", "tcp",
    ])
    #expect(run.status() == 0, "\(run.standardError)")
    let other = try Command([
      "simulate", topology, "--out", folder.path("other"), "--json", "--quiet", "--seed", "8",
    ])
    #expect(other.status() == 0, "\(other.standardError)")
    let compare = try Command([
      "compare", folder.path("run"), folder.path("other"), "--format", "html", "--out",
      folder.path("compare.html"),
    ])
    #expect(compare.status(within: 20) == 0, "\(compare.standardError)")
    let json = try JSONSerialization.jsonObject(with: Data(run.standardOutput.utf8))
    let browser = try Browser()
    for (width, isDark) in Self.looks {
      let address = URL(fileURLWithPath: folder.path("run/report.html")).absoluteString
      let page = try BrowserPage(address, width: width, isDark: isDark, in: browser)
      try expectSound(page, width: width, isDark: isDark)
      #expect(page.requests == [address])
      try expectFigures(of: page, in: json)
      #expect(try page.evaluate("document.querySelectorAll('svg').length", as: Int.self) == 16)
      try keep(page, "report-\(width)\(isDark ? "-dark" : "")")
      try page.close()

      let second = URL(fileURLWithPath: folder.path("compare.html")).absoluteString
      let comparison = try BrowserPage(second, width: width, isDark: isDark, in: browser)
      try expectSound(comparison, width: width, isDark: isDark)
      #expect(comparison.requests == [second])
      try keep(comparison, "compare-\(width)\(isDark ? "-dark" : "")")
      try comparison.close()
    }
  }

  @Test func `the live page follows a run to its end`() throws {
    let folder = try Folder()
    let topology = try folder.write(
      SmallRun.topology(rounds: "[2, 2, 26]", more: "evaluation:\n  every: 2"), to: "small.yaml")
    let port = try freePorts()
    let browser = try Browser()
    let run = try Command([
      "simulate", topology, "--out", folder.path("run"), "--json", "--transport", "tcp", "--serve",
      "127.0.0.1:\(port)",
    ])
    #expect(run.says("round 1/30"), "\(run.standardError)")
    let address = "http://127.0.0.1:\(port)/"
    let pages = try Self.looks.map { width, isDark in
      (width, isDark, try BrowserPage(address, width: width, isDark: isDark, in: browser))
    }
    let metrics = try get("\(address)metrics")
    #expect(metrics.contains("\nprogfed_wire_bytes_total{direction=\"up\",kind=\"update\"} "))
    #expect(try get("\(address)health").contains("\"status\":\"ok\""))
    let rounds = "document.querySelectorAll('[data-path$=\".selected\"]').length"
    let first = try pages[0].2.evaluate(rounds, as: Int.self)
    #expect((1..<30).contains(first))
    #expect(run.status() == 0, "\(run.standardError)")
    let json = try JSONSerialization.jsonObject(with: Data(run.standardOutput.utf8))
    for (width, isDark, page) in pages {
      let text = "document.querySelector('.live').textContent"
      let deadline = Date().addingTimeInterval(10)
      while try page.evaluate(text, as: String.self) != "the run has ended", Date() < deadline {
        Thread.sleep(forTimeInterval: 0.05)
      }
      #expect(try page.evaluate(text, as: String.self) == "the run has ended")
      #expect(try page.evaluate(rounds, as: Int.self) == 30)
      try expectSound(page, width: width, isDark: isDark)
      #expect(page.requests.allSatisfy { $0.hasPrefix(address) }, "\(page.requests)")
      try expectFigures(of: page, in: json)
      try keep(page, "live-\(width)\(isDark ? "-dark" : "")")
    }
  }

  /// Nothing to complain of, nothing cut off, and the colours asked for.
  private func expectSound(_ page: BrowserPage, width: Int, isDark: Bool) throws {
    #expect(page.complaints.isEmpty, "\(page.complaints)")
    #expect(try page.evaluate("document.documentElement.scrollWidth", as: Int.self) <= width)
    let light = try page.evaluate(
      "getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0] > 128", as: Bool.self)
    #expect(light == !isDark)
    let cut = try page.evaluate(
      """
      [...document.querySelectorAll('svg text')].filter(text => {
        const [own, all] = [text.getBoundingClientRect(),
          text.closest('svg').getBoundingClientRect()];
        return own.left < all.left - 1 || own.right > all.right + 1 || own.top < all.top - 1
          || own.bottom > all.bottom + 1;
      }).map(text => text.textContent).join('; ')
      """, as: String.self)
    #expect(cut == "")
  }

  /// Each figure that names its place in the JSON is what stands there.
  private func expectFigures(of page: BrowserPage, in json: Any) throws {
    let figures = try page.evaluate(
      "[...document.querySelectorAll('data')].map(data => data.dataset.path + '=' + data.value)",
      as: [String].self)
    #expect(figures.count > 100)
    for figure in figures {
      let parts = figure.split(separator: "=", maxSplits: 1)
      var place: Any? = json
      for step in parts[0].split(separator: ".") {
        if let index = Int(step), let list = place as? [Any] {
          place = list.indices.contains(index) ? list[index] : nil
        } else {
          place = (place as? [String: Any])?[String(step)]
        }
      }
      // Parsers of JSON may differ in the last digit.
      let value = try #require((place as? NSNumber)?.doubleValue, "\(figure)")
      let shown = try #require(Double(parts[1]), "\(figure)")
      #expect(abs(value - shown) <= 1e-12 * abs(value), "\(figure): \(value)")
    }
  }

  /// Keeps a picture where `PROGFED_PICTURES` says, for people to look at.
  private func keep(_ page: BrowserPage, _ name: String) throws {
    guard let folder = ProcessInfo.processInfo.environment["PROGFED_PICTURES"] else { return }
    try page.picture().write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
  }

  private func get(_ address: String) throws -> String {
    let url = try #require(URL(string: address))
    return String(decoding: try Data(contentsOf: url), as: UTF8.self)
  }
}
