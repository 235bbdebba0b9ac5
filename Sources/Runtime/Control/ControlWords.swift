package import Federation
import Foundation

extension ControlRequest {
  /// Reads the words of a command line: `evict 7`, `deadline 5m`, `admit 3-5`,
  /// `admit NAME KEY 0-2`.
  ///
  /// - Throws: what is wrong with them, and what to write.
  package init(words: [String]) throws(ControlFault) {
    let rest = Array(words.dropFirst())
    switch words.first ?? "" {
    case "pause": self = .order(.pause)
    case "resume": self = .order(.resume)
    case "drain": self = .order(.drain)
    case "stop": self = .stop
    case "evict":
      guard rest.count == 1, let client = Int(rest[0]), client >= 0 else {
        throw ControlFault("evict: name one client, as in evict 7")
      }
      self = .order(.evict(client: client))
      return
    case "deadline":
      guard rest.count == 1, let time = Self.duration(rest[0]) else {
        throw ControlFault(
          "deadline: give a time, as in deadline 90s, deadline 5m or deadline 1h30m")
      }
      guard time <= Self.longestDeadline else {
        throw ControlFault("deadline \(rest[0]): give a year at most")
      }
      self = .order(.deadline(time))
      return
    case "admit":
      if rest.count == 1, let clients = ClientRange(rest[0]) {
        self = .order(.readmit(clients: clients.numbers))
      } else {
        do {
          let line = rest.joined(separator: " ")
          guard try AdmittedWorkers(line, file: "admit").workers.count == 1 else {
            throw ControlFault(
              "admit: name excluded clients, as in admit 7, or give a line of the allow-list: NAME KEY CLIENTS"
            )
          }
          self = .admit(line: line)
        } catch {
          throw ControlFault("\(error)")
        }
      }
      return
    case let word:
      throw ControlFault(
        "\(word.isEmpty ? "nothing to do" : word): say pause, resume, drain, stop, evict CLIENT, deadline TIME, "
          + "admit CLIENTS or admit NAME KEY CLIENTS")
    }
    guard rest.isEmpty else {
      throw ControlFault("\(words[0]) takes nothing after it: \(rest.joined(separator: " "))")
    }
  }

  /// A time as people write it: numbers with units from ms to d, the larger ones first.
  static func duration(_ text: String) -> Duration? {
    let units = [
      ("ms", 1), ("s", 1000), ("min", 60_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    var rest = text.filter { $0 != " " }[...]
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(number.count)
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(unit.count)
      guard let value = Double(number), let factor = units.first(where: { $0.0 == unit })?.1 else {
        return nil
      }
      total += value * Double(factor)
      guard total < 1e15 else { return nil }
    }
    return .milliseconds(Int64(total.rounded()))
  }
}
