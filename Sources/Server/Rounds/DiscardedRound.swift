import Federation
import Measures
import Progressive
import Tensors

/// A round whose model is discarded: the last good one goes on in its place.
package struct DiscardedRound: Hashable, Sendable {
  /// The fault of the model that a round came to.
  package enum Fault: Hashable, Sendable {
    /// A value is infinite or not a number, of the model or of what the server remembers beside it.
    case notFinite
    /// The squares of its values add up to more than a 32-bit number can be, so that no client
    /// could train on it.
    case tooLarge(norm: Double)
    /// The round's step is longer than the norm guard allows.
    case tooFar(norm: Double, limit: Double)
    /// Its loss on test samples isn't a finite number.
    case noLoss
    /// Its values can't be encoded for the next round.
    case cannotBeSent

    /// The fault in a few words, the same for all rounds of it.
    package var name: String {
      switch self {
      case .notFinite: "values aren't finite"
      case .tooLarge: "values are too large to train on"
      case .tooFar: "the step is beyond the norm guard"
      case .noLoss: "the loss isn't finite"
      case .cannotBeSent: "values can't be sent"
      }
    }

    /// The fault in words, with its figures.
    var detail: String {
      switch self {
      case .notFinite, .noLoss, .cannotBeSent: name
      case .tooLarge(let norm): "\(name), with a norm of \(Float(norm))"
      case .tooFar(let norm, let limit):
        "\(name), with a norm of \(Float(norm)); the limit is \(Float(limit)) (limits.normMultiple)"
      }
    }
  }

  /// An update that counted, with the largest norm of its round.
  package struct Farthest: Hashable, Sendable {
    /// The client that sent it.
    package var client: Int
    /// Its norm.
    package var norm: Double
  }

  /// The round, from 1.
  package var round: Int
  /// The fault of its model.
  package var fault: Fault
  /// The farthest of its updates; nil where none was measured.
  package var farthest: Farthest?

  /// The fault, what follows, and what to do, in a sentence.
  package var description: String {
    let suspect =
      farthest.map {
        ": the farthest of its updates is client \($0.client)'s, with a norm of \(Float($0.norm)); exclude "
          + "that client (progfed control RUN evict \($0.client)) if it does so again"
      } ?? ""
    return "round \(round) is discarded, and the model before it goes on, as of what it came to "
      + "\(fault.detail)\(suspect)\(suspect.isEmpty ? ": " : ", or ")lower training.learningRate or "
      + "server.learningRate if training diverges"
  }
}

/// The parts of a server's state that a round's updates move, as they were before it.
struct GoodState {
  /// The model, with its optimizer and all that was sent of it.
  var model: GlobalModel
  /// The norms that limit updates; nil where none are limited.
  var norms: NormGuard?
}

extension GlobalModel {
  /// The fault of this model's values after a step from `before`; nil if it is sound.
  ///
  /// - Parameters:
  ///   - before: The model before the step.
  ///   - multiple: The largest ratio of the step to what it starts from; nil for any.
  ///   - farthest: The largest norm of the updates that it was made of.
  /// - Returns: The first fault that is found.
  func fault(
    since before: GlobalModel, beyond multiple: Double?, farthest: Double
  ) -> DiscardedRound.Fault? {
    var (all, start, step) = (0.0, 0.0, 0.0)
    // In an order of its own, so that the sums are the same in all processes.
    for name in Set(values.keys).sortedByText {
      guard let vector = values[name] else { continue }
      let old = before.values[name] ?? .zero(of: vector.layout)
      for index in vector.scalars.indices {
        let (new, base) = (Double(vector.scalars[index]), Double(old.scalars[index]))
        all += new * new
        start += base * base
        step += (new - base) * (new - base)
      }
    }
    guard all.isFinite, step.isFinite, hasFiniteMemory else { return .notFinite }
    guard Float(all).isFinite else { return .tooLarge(norm: all.squareRoot()) }
    guard let multiple else { return nil }
    let limit = multiple * max(1, start.squareRoot(), farthest)
    return step.squareRoot() > limit ? .tooFar(norm: step.squareRoot(), limit: limit) : nil
  }

  /// True if all that the optimizer remembers is finite, and all control variates are.
  private var hasFiniteMemory: Bool {
    let directions = optimizer.memory.values.map(\.direction.scalars)
    let squares = optimizer.memory.values.map(\.squares)
    let variates = controlVariates?.server.values.values.map(\.scalars) ?? []
    return (directions + squares + variates).allSatisfy { $0.allSatisfy(\.isFinite) }
  }
}
