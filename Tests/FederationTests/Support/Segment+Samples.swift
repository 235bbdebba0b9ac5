import Codecs
import Bytes
import Federation
import Wire

extension Segment {
  /// A segment whose state is named by `content`, with a keyframe alone.
  static func keyframe(_ name: String, _ content: UInt8, length: Int) -> Segment {
    Segment(
      name: name, state: state(content), trained: true,
      steps: [
        ModelPatch(
          digest: Digest(of: [content]), length: length, codec: .values(.dense32), from: nil,
          to: state(content).prefix)
      ])
  }

  /// A segment that went through the states named by `contents`, by a keyframe and differences.
  static func chain(_ name: String, _ contents: [UInt8], keyframe: Int, delta: Int) -> Segment {
    var segment = Segment.keyframe(name, contents[0], length: keyframe)
    for (before, after) in zip(contents, contents.dropFirst()) {
      segment.steps.append(
        ModelPatch(
          digest: Digest(of: [after]), length: delta, codec: .values(.dense32),
          from: state(before).prefix,
          to: state(after).prefix))
      segment.state = state(after)
    }
    return segment
  }

  /// The name of the state with this content.
  static func state(_ content: UInt8) -> Digest { Digest(of: [content, 0]) }

  /// The only step.
  var only: ModelPatch { steps[0] }
}
