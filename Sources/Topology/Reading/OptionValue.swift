import Yams

/// A value that a topology hands to trainer programs as it stands there.
package indirect enum OptionValue: Hashable, Sendable {
  /// Nothing.
  case null
  /// True or false.
  case flag(Bool)
  /// A whole number.
  case whole(Int)
  /// Any other number, finite.
  case number(Double)
  /// A text.
  case text(String)
  /// A list.
  case list([OptionValue])
  /// Keys and their values.
  case section([String: OptionValue])
}

extension OptionValue: Encodable {
  /// Writes the value as JSON.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .flag(let value): try container.encode(value)
    case .whole(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .section(let values): try container.encode(values)
    }
  }
}

extension OptionValue {
  /// The most levels of lists and sections in each other.
  private static let deepest = 16

  /// Reads whatever stands at `cursor`; nil and a fault where it can't be handed on.
  init?(reading cursor: Cursor, depth: Int = 0) {
    guard depth <= Self.deepest else {
      cursor.report("lies too deep", remedy: "write \(Self.deepest) levels at most")
      return nil
    }
    switch cursor.node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      self = isPlain ? Self.plain(scalar.string) : .text(scalar.string)
    case .sequence:
      guard
        let elements = cursor.elements("a list", remedy: "write one", atMost: 10_000)?.map({
          OptionValue(reading: $0, depth: depth + 1)
        }), !elements.contains(nil)
      else { return nil }
      self = .list(elements.compactMap { $0 })
    case .mapping:
      guard let entries = cursor.entries("keys and values", remedy: "write words as keys") else {
        return nil
      }
      var section: [String: OptionValue] = [:]
      for (key, value) in entries {
        guard let read = OptionValue(reading: value, depth: depth + 1) else { return nil }
        section[key] = read
      }
      self = .section(section)
    case .alias:
      cursor.expected("a value", remedy: "write it out")
      return nil
    }
  }

  /// The value of a word without quotation marks.
  private static func plain(_ word: String) -> OptionValue {
    switch word {
    case "", "~", "null": return .null
    case "true": return .flag(true)
    case "false": return .flag(false)
    default: break
    }
    let digits = word.hasPrefix("-") ? word.dropFirst() : word[...]
    if digits == "0" || digits.first != "0", let whole = Int(word), !word.hasPrefix("+") {
      return .whole(whole)
    }
    if let number = Cursor.number(word), number.isFinite { return .number(number) }
    return .text(word)
  }

  /// The value on one line, as plans have it.
  var setting: String {
    switch self {
    case .null: "null"
    case .flag(let value): "\(value)"
    case .whole(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): FlowText.quoted(value)
    case .list(let values): FlowText.list(values.map(\.setting))
    case .section(let values):
      "{"
        + values.sorted { $0.key < $1.key }
        .map { "\(FlowText.quoted($0.key)): \($0.value.setting)" }.joined(separator: ", ") + "}"
    }
  }
}

extension OptionValue: Decodable {
  /// Reads any value of JSON.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .flag(value)
    } else if let value = try? container.decode(Int.self) {
      self = .whole(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let values = try? container.decode([OptionValue].self) {
      self = .list(values)
    } else {
      self = .section(try container.decode([String: OptionValue].self))
    }
  }
}
