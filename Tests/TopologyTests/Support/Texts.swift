import Bytes
import Codecs
import Datasets
import Federation
import Measures
import Models
import Neural
import Progressive
import Tensors
import Topology

/// Topologies as text, and what is wrong with them.
enum Texts {
  /// Only what must be there, in lines 1 to 6.
  static let least = """
    clients: 10
    rounds: 12
    model:
      name: convnet
    data:
      name: fashion-mnist

    """

  /// The least topology with `lines` below it, the first of them in line 7.
  static func with(_ lines: String...) -> String {
    least + lines.joined(separator: "\n") + "\n"
  }

  /// The least topology with `lines` in the section `section`; the first of them is in line 8.
  static func section(_ section: String, _ lines: String...) -> String {
    least + "\(section):\n" + lines.map { "  \($0)\n" }.joined()
  }

  /// The least topology with line `number` replaced.
  static func replacing(line number: Int, by line: String) -> String {
    var lines = least.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    lines[number - 1] = line
    return lines.joined(separator: "\n")
  }

  /// The topology of `text`.
  static func topology(
    _ text: String, _ overrides: Overrides = Overrides(), checksFiles: Bool = false
  ) throws(TopologyError) -> Topology {
    try Topology(
      parsing: text, file: "test.yaml", overrides: overrides, checksFiles: checksFiles)
  }

  /// The faults of `text`, none if it is a topology.
  static func faults(
    _ text: String, _ overrides: Overrides = Overrides(), checksFiles: Bool = false
  ) -> [TopologyIssue] {
    do throws(TopologyError) {
      _ = try topology(text, overrides, checksFiles: checksFiles)
      return []
    } catch { return error.faults }
  }
}

extension TopologyIssue {
  /// The line, or 0 for the file as a whole and for options.
  var line: Int {
    guard case .line(let line, _) = place else { return 0 }
    return line
  }

  /// The whole text, to look for words in.
  var words: String { text(file: "test.yaml") }
}

/// A small generator of random numbers for tests: xorshift64* (Vigna, 2016), the same everywhere.
struct SystemlessGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    if state == 0 { state = 0x9E37_79B9_7F4A_7C15 }
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
