package import Codecs

/// The section `codecs`: how updates and the model become bytes.
package struct CodecsSection: Hashable, Sendable {
  /// The codec of the updates, from clients to broker.
  package var up: UpdateCodec
  /// The codec of the model, from broker to clients.
  package var down: UpdateCodec
  /// How the model goes on from a keyframe; nil if each round has its own.
  package var delta: DeltaPlan?
}

extension CodecsSection {
  init(reading keys: inout KeyReader) {
    let up = keys.value("up", default: .dense32) { Self.spec($0) }
    let down = keys.value("down", default: .dense32) { Self.model($0) }
    let standard = UpdateCodec(.dense32).smallTensorLimit
    let limit = keys.value("smallTensors", default: standard) { $0.whole(0...1_000_000_000) }
    self.up = UpdateCodec(up, smallTensorLimit: limit)
    self.down = UpdateCodec(down, smallTensorLimit: limit)
    delta = nil
  }

  /// Puts the command line's codecs in place of the file's.
  mutating func override(up: String?, down: String?, reading: Reading) {
    for (text, path, target) in [
      (up, "codecs.up", \Self.up.spec), (down, "codecs.down", \Self.down.spec),
    ] {
      guard let text else { continue }
      do throws(CodecSpecError) {
        self[keyPath: target] = try CodecSpec(parsing: text)
      } catch {
        let (problem, remedy) = Self.halves(error)
        reading.report(path, problem, remedy: remedy)
      }
    }
    if down != nil, self.down.spec.sparsification != nil {
      reading.report("codecs.down", "\(self.down.spec) \(Self.gaps)", remedy: Self.gapless)
    }
  }

  /// The codec that stands at the cursor.
  private static func spec(_ cursor: Cursor) -> CodecSpec? {
    guard let text = cursor.text(atMost: 100) else { return nil }
    do throws(CodecSpecError) {
      return try CodecSpec(parsing: text)
    } catch {
      let (problem, remedy) = halves(error)
      cursor.report("names no codec: \(problem)", remedy: remedy)
      return nil
    }
  }

  /// The codec of a whole model, which has no gaps.
  private static func model(_ cursor: Cursor) -> CodecSpec? {
    guard let spec = spec(cursor) else { return nil }
    guard spec.sparsification == nil else {
      cursor.report("is \(spec), which \(gaps)", remedy: gapless)
      return nil
    }
    return spec
  }

  private static let gaps = "leaves values out, but clients need the whole model"
  private static let gapless = "write a codec that only rounds, as in linear8"

  /// The error's text before and after its first semicolon.
  private static func halves(_ error: CodecSpecError) -> (problem: String, remedy: String) {
    let halves = error.description.split(separator: ";", maxSplits: 1)
    guard halves.count == 2 else { return (error.description, "choose another codec") }
    return (String(halves[0]), Cursor.trimmed(halves[1]))
  }

  /// The values as name and text, in a fixed order.
  var canonical: [(String, String)] {
    [
      ("codecs.up", "\(up.spec)"), ("codecs.down", "\(down.spec)"),
      ("codecs.smallTensors", "\(up.smallTensorLimit)"),
    ]
  }
}
