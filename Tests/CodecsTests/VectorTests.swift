import Bytes
import Codecs
import Foundation
import Measures
import Models
import Tensors
import Testing

/// The files of Vectors, by which other implementations are checked, in both directions.
///
/// `PROGFED_FIXTURES=write` makes them anew; they change only with a new version of the protocol.
/// The script check_vectors.py beside them is an implementation from the documentation alone.
@Suite(.serialized) struct VectorTests {
  @Test(.enabled(if: ProcessInfo.processInfo.environment["PROGFED_FIXTURES"] == "write"))
  func `the files can be made`() throws {
    for codec in Vectors.codecs { try Vectors.write(Vectors.made(of: codec)) }
    try Vectors.write(Vectors.madeInitial())
  }

  @Test func `each codec has its file, and no file is without a codec`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Vectors.folder.path)
      .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    #expect(Set(files) == Set(Vectors.codecs + [Vectors.initial]))
    // What an unknown codec's message offers is there.
    let kinds = try Vectors.codecs.map { Self.kind(try CodecSpec(parsing: $0)) }
    for offered in Self.offered {
      #expect(kinds.contains(Self.kind(try CodecSpec(parsing: offered))), "\(offered)")
    }
  }

  @Test(arguments: Vectors.codecs)
  func `values give these bytes, and the bytes give these bits`(codec: String) throws {
    let vector = try Vectors.read(codec)
    let spec = try CodecSpec(parsing: codec)
    #expect(vector.codec == codec && vector.encodings.count == 2)
    for encoding in vector.encodings {
      let layout = encoding.segment.layout
      let seed = try #require(UInt64(encoding.seed, radix: 16))
      let updates = UpdateCodec(spec, smallTensorLimit: vector.smallTensors)
      let input = try #require(Self.input(of: encoding))
      let values = ParameterVector(layout: layout, scalars: input)
      let encoded = try updates.encode(values, key: seed)
      if spec.isCompressed {
        // What Zstandard makes of the bytes is its version's affair, not what it is given.
        let plain = try Vectors.plain(spec).encode(values, key: seed)
        if let expected = encoding.plain { #expect(Hex.text(plain) == expected) }
        #expect(encoded.count <= plain.count + 1)
      } else {
        if let expected = encoding.bytes { #expect(Hex.text(encoded) == expected) }
        #expect(encoded.count == encoding.length)
        #expect(Digest(of: encoded).hex == encoding.digest)
      }
      let bytes = encoding.bytes.map(Hex.bytes) ?? encoded
      for bytes in [bytes, encoded] {
        let decoded = try updates.decode(bytes, layout: layout)
        if let expected = encoding.decoded { #expect(Hex.text(decoded.scalars) == expected) }
        #expect(Vectors.digest(decoded) == encoding.state)
      }
    }
  }

  @Test(arguments: Vectors.codecs)
  func `deltas lead both ends through these states`(codec: String) throws {
    let vector = try Vectors.read(codec)
    guard try Vectors.mayRemember(CodecSpec(parsing: codec)) else {
      #expect(vector.deltas == nil)
      return
    }
    let deltas = try #require(vector.deltas)
    let layout = deltas.segment.layout
    var states: [SharedReference] = []
    for step in deltas.steps {
      let spec = try CodecSpec(parsing: step.codec)
      let updates = UpdateCodec(spec, smallTensorLimit: vector.smallTensors)
      let seed = try #require(UInt64(step.seed, radix: 16))
      let model = ParameterVector(layout: layout, scalars: Hex.floats(step.model))
      var received: SharedReference
      if let from = step.from {
        var sent = states[from]
        let bytes = try sent.advance(towards: model, codec: updates, key: seed)
        if !spec.isCompressed { #expect(Hex.text(bytes) == step.bytes) }
        received = states[from]
        try received.apply(Hex.bytes(step.bytes), codec: updates)
        #expect(sent == received)
      } else {
        let sent = try SharedReference.keyframe(of: model, codec: updates, key: seed)
        #expect(Hex.text(sent.bytes) == step.bytes)
        received = SharedReference(
          keyframe: try updates.decode(Hex.bytes(step.bytes), layout: layout))
      }
      #expect(Hex.text(received.values.scalars) == step.values)
      #expect(Vectors.digest(received.values) == step.state)
      states.append(received)
    }
    #expect(states.count == 4)
  }

  @Test(arguments: Vectors.codecs)
  func `what updates leave out is kept in these residuals`(codec: String) throws {
    let vector = try Vectors.read(codec)
    let spec = try CodecSpec(parsing: codec)
    guard try Vectors.mayRemember(spec) else {
      #expect(vector.residuals == nil)
      return
    }
    let residuals = try #require(vector.residuals)
    let layout = residuals.segment.layout
    let updates = UpdateCodec(spec, smallTensorLimit: vector.smallTensors)
    var residual = Residual()
    for step in residuals.updates {
      let seed = try #require(UInt64(step.seed, radix: 16))
      let before = residual.segments[layout.name]?.scalars
      if let before { #expect(Hex.text(before) == step.before) }
      let update = ParameterVector(layout: layout, scalars: Hex.floats(step.update))
      let encoded = try residual.encode(update, codec: updates, key: seed)
      if !spec.isCompressed { #expect(Hex.text(encoded.bytes) == step.bytes) }
      let decoded = try updates.decode(Hex.bytes(step.bytes), layout: layout)
      #expect(Hex.text(decoded.scalars) == step.decoded)
      #expect(Hex.text(encoded.leftOut.scalars) == step.after)
      residual.commit(encoded)
    }
    #expect(residuals.updates.count == 3)
  }

  @Test func `eight bytes give these fresh values`() throws {
    let vector = try Vectors.read(Vectors.initial)
    let encoding = try #require(vector.encodings.first)
    let bytes = Hex.bytes(try #require(encoding.bytes))
    let fresh = try #require(FreshValues(bytes))
    #expect(fresh.random.key == UInt64(encoding.seed, radix: 16))
    let values = fresh.values(of: encoding.segment.layout)
    #expect(Hex.text(values.scalars) == encoding.decoded)
    #expect(Vectors.digest(values) == encoding.state)
  }

  private static func input(of encoding: CodecVector.Encoding) -> [Float]? {
    if let input = encoding.input { return Hex.floats(input) }
    return encoding.inputKey.flatMap { UInt64($0, radix: 16) }.map {
      Vectors.drawn($0, count: encoding.segment.layout.count)
    }
  }

  /// The codecs that the message about an unknown one names.
  private static var offered: [String] {
    do throws(CodecSpecError) {
      _ = try CodecSpec(parsing: "nonsense")
      return []
    } catch {
      let words = error.description.split(separator: "write ").last ?? ""
      return words.split(whereSeparator: { " ,".contains($0) }).map(String.init)
        .filter { (try? CodecSpec(parsing: $0)) != nil }
    }
  }

  /// A codec without its numbers: "linear+random".
  private static func kind(_ spec: CodecSpec) -> String {
    "\(spec)".filter { !$0.isNumber && $0 != "." }
  }
}
