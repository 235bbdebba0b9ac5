import Foundation

/// A page that a browser shows.
struct BrowserPage {
  private let browser: Browser
  private let session: String

  /// Opens `address` in a window of the given width, in light or dark colours, and waits until it
  /// is there.
  init(_ address: String, width: Int, isDark: Bool, in browser: Browser) throws {
    self.browser = browser
    let target = try browser.call("Target.createTarget", ["url": "about:blank"])
    let attached = try browser.call(
      "Target.attachToTarget", ["targetId": target["targetId"] ?? "", "flatten": true])
    session = attached["sessionId"] as? String ?? ""
    for domain in ["Page", "Runtime", "Network", "Log"] {
      _ = try browser.call("\(domain).enable", session: session)
    }
    _ = try browser.call(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false], session: session)
    let scheme = ["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]
    _ = try browser.call("Emulation.setEmulatedMedia", ["features": [scheme]], session: session)
    _ = try browser.call("Page.navigate", ["url": address], session: session)
    let deadline = Date().addingTimeInterval(60)
    while !events.contains(where: { $0.method == "Page.loadEventFired" }) {
      guard Date() < deadline else { throw Browser.Failure.noAnswer("load \(address)") }
      Thread.sleep(forTimeInterval: 0.01)
    }
  }

  private var events: [(method: String, parameters: [String: Any])] {
    browser.events(of: session)
  }

  /// What the page or the browser complained of.
  var complaints: [String] {
    events.compactMap { method, parameters in
      switch method {
      case "Runtime.exceptionThrown": return "\(parameters)"
      case "Runtime.consoleAPICalled":
        return ["error", "warning"].contains(parameters["type"] as? String) ? "\(parameters)" : nil
      case "Log.entryAdded":
        let entry = parameters["entry"] as? [String: Any]
        return entry?["level"] as? String == "error" ? "\(parameters)" : nil
      default: return nil
      }
    }
  }

  /// The addresses that the page asked for.
  var requests: [String] {
    events.filter { $0.method == "Network.requestWillBeSent" }.compactMap {
      ($0.parameters["request"] as? [String: Any])?["url"] as? String
    }
  }

  /// The value of a JavaScript expression.
  func evaluate<Value>(_ expression: String, as type: Value.Type = Value.self) throws -> Value {
    let answer = try browser.call(
      "Runtime.evaluate", ["expression": expression, "returnByValue": true], session: session)
    let result = answer["result"] as? [String: Any]
    guard let value = result?["value"] as? Value else {
      throw Browser.Failure.refused("\(expression): \(answer)")
    }
    return value
  }

  /// A picture of the page: all of it, or its upper part.
  func picture(height: Int? = nil) throws -> Data {
    _ = try browser.call("Page.bringToFront", session: session)  // what is behind isn't drawn
    let full = try evaluate("document.documentElement.scrollHeight", as: Int.self)
    let width = try evaluate("innerWidth", as: Int.self)
    let clip: [String: Any] = [
      "x": 0, "y": 0, "width": width, "height": min(full, height ?? full), "scale": 1,
    ]
    let answer = try browser.call(
      "Page.captureScreenshot",
      ["format": "png", "clip": clip, "captureBeyondViewport": true], session: session)
    return Data(base64Encoded: answer["data"] as? String ?? "") ?? Data()
  }

  /// Closes the page.
  func close() throws { _ = try browser.call("Page.close", session: session) }
}
