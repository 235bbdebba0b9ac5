package import Bytes
import SwiftProtobuf

/// A kind of report of a client, which it repeats until the broker has it.
package enum ClientReport: Int, Hashable, Sendable, CaseIterable {
  /// Sums over its samples.
  case sums = 1
  /// The scores of an evaluation.
  case scores
}

/// Sums over a client's samples, from which one normalization is made for all.
package struct SampleSums: Hashable, Sendable {
  /// The samples.
  package var samples: Int
  /// The values of each channel: samples times pixels.
  package var values: Int
  /// Each channel's sum.
  package var sums: [Double]
  /// Each channel's sum of squares.
  package var squares: [Double]
  /// The samples of each class; empty where the plan doesn't ask for them.
  package var labels: [Int]

  /// Sums of the given parts; `sums` and `squares` have one number for each channel.
  package init(samples: Int, values: Int, sums: [Double], squares: [Double], labels: [Int] = []) {
    self.samples = samples
    self.values = values
    self.sums = sums
    self.squares = squares
    self.labels = labels
  }

  /// Checks that all numbers are finite, and could be sums.
  init(_ schema: Progfed_V1_SampleSums) throws(WireError) {
    samples = try Envelope.count(schema.samples, "samples")
    values = try Envelope.count(schema.values, "values")
    sums = try Envelope.finite(schema.sums, "sums")
    squares = try Envelope.finite(schema.squares, "squares")
    guard sums.count == squares.count, squares.allSatisfy({ $0 >= 0 }) else {
      throw .field("squares")
    }
    labels = try Envelope.counts(schema.labels, "labels")
    guard labels.reduce(0, +) <= samples else { throw .field("labels") }
  }

  /// The protobuf form.
  var schema: Progfed_V1_SampleSums {
    .with {
      $0.samples = UInt64(samples)
      $0.values = UInt64(values)
      $0.sums = sums
      $0.squares = squares
      $0.labels = labels.map { UInt64($0) }
    }
  }
}

/// Counts and sums of an evaluation on the samples that a client holds out.
package struct HoldOutScores: Hashable, Sendable {
  /// The right answers among the samples of one class.
  package struct ClassScore: Hashable, Sendable {
    /// The samples of the class.
    package var samples: Int
    /// Those of them that were taken for it.
    package var correct: Int

    /// The scores of a class.
    package init(samples: Int, correct: Int) {
      self.samples = samples
      self.correct = correct
    }
  }

  /// The digest over the states of the segments that were evaluated.
  package var base: Digest
  /// The samples.
  package var samples: Int
  /// The predictions: samples, or pixels in segmentation.
  package var points: Int
  /// The right ones among them.
  package var correct: Int
  /// The sum of the samples' losses.
  package var loss: Double
  /// The pixels of each class that were taken for each class, a row for each true class; empty
  /// where samples are labelled as a whole.
  package var confusion: [Int]
  /// The scores of each class; empty where the plan doesn't ask for them, or pixels are labelled.
  package var classes: [ClassScore]

  /// Scores of the given parts.
  package init(
    base: Digest, samples: Int, points: Int, correct: Int, loss: Double, confusion: [Int] = [],
    classes: [ClassScore] = []
  ) {
    self.base = base
    self.samples = samples
    self.points = points
    self.correct = correct
    self.loss = loss
    self.confusion = confusion
    self.classes = classes
  }

  /// Checks that the counts go together: none is more than what it is a part of.
  init(_ schema: Progfed_V1_HoldOutScores) throws(WireError) {
    base = try Envelope.digest(schema.base, "base")
    samples = try Envelope.count(schema.samples, "samples")
    points = try Envelope.count(schema.points, "points")
    correct = try Envelope.count(schema.correct, "correct")
    guard schema.loss.isFinite, schema.loss >= 0 else { throw .field("loss") }
    loss = schema.loss
    guard correct <= points, samples <= points else { throw .field("points") }
    confusion = try Envelope.counts(schema.confusion, "confusion")
    guard confusion.isEmpty || confusion.reduce(0, +) == points else {
      throw .field("confusion")
    }
    guard schema.classes.count <= Envelope.maximalCounts else { throw .field("classes") }
    classes = []
    for score in schema.classes {
      let count = try Envelope.count(score.samples, "classes")
      let correct = try Envelope.count(score.correct, "classes")
      guard correct <= count else { throw .field("classes") }
      classes.append(ClassScore(samples: count, correct: correct))
    }
    let judged = classes.reduce((samples: 0, correct: 0)) {
      ($0.samples + $1.samples, $0.correct + $1.correct)
    }
    guard classes.isEmpty || judged == (samples, correct) else { throw .field("classes") }
  }

  /// The protobuf form.
  var schema: Progfed_V1_HoldOutScores {
    .with {
      $0.base = base.data
      $0.samples = UInt64(samples)
      $0.points = UInt64(points)
      $0.correct = UInt64(correct)
      $0.loss = loss
      $0.confusion = confusion.map { UInt64($0) }
      $0.classes = classes.map { score in
        .with {
          $0.samples = UInt64(score.samples)
          $0.correct = UInt64(score.correct)
        }
      }
    }
  }
}

/// Each channel's mean and standard deviation over the samples of all clients.
package struct FederatedNormalization: Hashable, Sendable {
  /// The means.
  package var means: [Float]
  /// The standard deviations, each above zero.
  package var deviations: [Float]

  /// A normalization with one number of each for each channel.
  package init(means: [Float], deviations: [Float]) {
    self.means = means
    self.deviations = deviations
  }

  /// The normalization that a welcome brings; nil if it brings none.
  init?(_ schema: Progfed_V1_Welcome) throws(WireError) {
    guard !schema.means.isEmpty || !schema.deviations.isEmpty else { return nil }
    guard schema.means.count == schema.deviations.count,
      schema.means.count <= Envelope.maximalCounts, schema.means.allSatisfy(\.isFinite)
    else { throw .field("means") }
    guard schema.deviations.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw .field("deviations")
    }
    (means, deviations) = (schema.means, schema.deviations)
  }
}
