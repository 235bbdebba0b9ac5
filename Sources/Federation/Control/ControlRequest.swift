package import Foundation
import Measures

/// A request to a running broker: one JSON object on one line.
///
/// `do` names it: `status`, `stop`, `pause`, `resume`, `drain`, `evict` with `client`, `deadline`
/// with `seconds`, `admit` with `clients` or with `line`, a line of the allow-list.
package enum ControlRequest: Hashable, Sendable {
  /// Say who is there and what each does.
  case status
  /// End the run now, to go on another time.
  case stop
  /// An order for the machine.
  case order(ControlOrder)
  /// Let a worker in: a line of the allow-list.
  case admit(line: String)

  /// The longest request, in bytes.
  package static let limit = 16 << 10
  /// The longest time that an open round can be given.
  package static let longestDeadline = Duration.seconds(365 * 86400)

  private struct Form: Codable {
    var `do`: String
    var client: Int?
    var clients: [Int]?
    var seconds: Double?
    var line: String?
  }

  /// Its word on the command line.
  package var word: String {
    switch self {
    case .status: "status"
    case .stop: "stop"
    case .order(let order): order.word
    case .admit: "admit"
    }
  }

  /// Reads a request.
  ///
  /// - Throws: what is wrong with it.
  package init(json: Data) throws(ControlFault) {
    guard json.count <= Self.limit else {
      throw ControlFault("a request of more than \(Self.limit) bytes")
    }
    let form: Form
    do { form = try JSONDecoder().decode(Form.self, from: json) } catch {
      throw ControlFault("not a request: write one JSON object such as {\"do\":\"pause\"}")
    }
    switch form.do {
    case "status": self = .status
    case "stop": self = .stop
    case "pause": self = .order(.pause)
    case "resume": self = .order(.resume)
    case "drain": self = .order(.drain)
    case "evict":
      guard let client = form.client else { throw ControlFault("evict needs a client") }
      self = .order(.evict(client: client))
    case "deadline":
      guard let seconds = form.seconds,
        (0...Self.longestDeadline.seconds).contains(seconds)
      else { throw ControlFault("deadline needs seconds, from 0 to those of a year") }
      self = .order(.deadline(.milliseconds(Int64((seconds * 1000).rounded()))))
    case "admit":
      if let line = form.line {
        self = .admit(line: line)
      } else if let clients = form.clients, !clients.isEmpty {
        self = .order(.readmit(clients: clients))
      } else {
        throw ControlFault("admit needs a line of the allow-list, or clients")
      }
    default:
      throw ControlFault(
        "no such request; there are status, pause, resume, drain, stop, evict, deadline and admit")
    }
  }

  /// The request on one line, without the line's end.
  package var json: Data {
    var form = Form(do: word)
    switch self {
    case .status, .stop, .order(.pause), .order(.resume), .order(.drain): break
    case .order(.evict(let client)): form.client = client
    case .order(.readmit(let clients)): form.clients = clients
    case .order(.deadline(let time)): form.seconds = time.seconds
    case .admit(let line): form.line = line
    }
    return (try? ControlAnswer.encoder.encode(form)) ?? Data()
  }
}

extension Presence {
  /// The JSON object, on one line; nil for what JSON can't write.
  package var json: String? {
    (try? ControlAnswer.encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) }
  }
}

extension ControlAnswer {
  /// The answer on one line, without the line's end.
  package var json: Data { (try? Self.encoder.encode(self)) ?? Data() }

  /// The encoder of requests and answers: the fields in one order, on one line.
  package static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }
}

/// The fault of a request, in words.
package struct ControlFault: Error, Hashable, CustomStringConvertible {
  /// The words.
  package let description: String

  /// A fault in these words.
  package init(_ description: String) { self.description = description }
}
