import Codecs
import Measures
import Progressive
package import Tensors
package import Wire

/// The most bytes that a step to each segment can have, as the plan's layouts say.
///
/// Without it a false broker could have its workers wait, and make room, for steps of any length.
package struct StepBounds: Hashable, Sendable {
  /// The bytes that a fresh segment's values are drawn from.
  private static let seedBytes = 8

  private let layouts: [String: ParameterLayout]
  private let smallTensorLimit: Int

  /// The bounds for segments of these layouts, whose tensors of fewer values than
  /// `smallTensorLimit` travel as they are.
  package init(_ layouts: [ParameterLayout], smallTensorLimit: Int) {
    self.layouts = Dictionary(layouts.map { ($0.name, $0) }) { first, _ in first }
    self.smallTensorLimit = smallTensorLimit
  }

  /// The first thing that is wrong with segments of an announcement, in words; nil if nothing is.
  package func problem(of segments: [Segment]) -> String? {
    for segment in segments {
      let name = SegmentName(segment.name)?.corrected?.description ?? segment.name
      guard let layout = layouts[name] else {
        return "\(segment.name) is announced, which the plan's model doesn't have"
      }
      for step in segment.steps {
        let limit = limit(of: step.codec, layout)
        guard step.length <= limit else {
          return "\(segment.name) is announced with \(step.length) bytes in \(step.codec); "
            + "the plan's has at most \(limit)"
        }
      }
    }
    return nil
  }

  private func limit(of codec: PatchCodec, _ layout: ParameterLayout) -> Int {
    switch codec {
    case .initial: Self.seedBytes
    case .values(let spec):
      UpdateCodec(spec, smallTensorLimit: smallTensorLimit).maximumSize(of: layout).bytes
    }
  }
}
