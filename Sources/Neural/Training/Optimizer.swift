import CNeuralKernels
import Foundation
import OneDNN

/// The constants of all steps, as the kernels take them.
private struct Constants {
  let optimizer: TrainingSettings.Optimizer
  let momentum: Float
  let nesterov: Bool
  let beta2: Float
  let epsilon: Float
  let weightDecay: Float
  let clipNorm: Float?
  let proximal: Float

  init(_ settings: TrainingSettings) {
    optimizer = settings.optimizer
    momentum = Float(settings.momentum)
    nesterov = settings.nesterov
    beta2 = Float(settings.beta2)
    epsilon = Float(settings.epsilon)
    weightDecay = Float(settings.weightDecay)
    clipNorm = settings.clipNorm.map { Float($0) }
    proximal = Float(settings.proximal)
  }
}

/// Stochastic gradient descent or Adam on the parameters as they lie in their store.
struct Optimizer {
  private let constants: Constants
  private let store: ParameterStore
  /// The scalars of each trained segment and the step size for them.
  private let parts: [(range: Range<Int>, rate: Float)]
  private let anchor: Storage?
  private let correction: Storage?
  private let squares: Storage?
  /// The steps made, Adam's t.
  private var steps = 0

  /// An optimizer of `trainable` segments, its momenta 0.
  ///
  /// `correction` lies like the store's values and is added to every clipped gradient.
  init(
    _ settings: TrainingSettings, store: ParameterStore, trainable: Set<Int>, correction: Storage?
  ) {
    self.correction = correction
    constants = Constants(settings)
    self.store = store
    let factors = settings.rateFactors
    parts = trainable.sorted().map { segment in
      let factor = factors.isEmpty ? 1 : factors[segment]
      return (store.segments[segment], Float(settings.learningRate) * factor)
    }
    store.momenta.region.clear()
    squares = constants.optimizer == .adam ? store.clearedSquares() : nil
    guard constants.proximal != 0 else {
      anchor = nil
      return
    }
    anchor = store.copyOfWeights()
  }

  /// Steps along the gradients; false, and nothing is changed, if they aren't finite.
  mutating func step() -> Bool {
    var scale: Float = 1
    let norm = gradientNorm
    guard norm.isFinite else { return false }
    if let limit = constants.clipNorm {
      // PyTorch's clip_grad_norm_: the quotient is kept from a division by 0.
      scale = Float(min(1, Double(limit) / (norm + 1e-6)))
    }
    steps += 1
    switch constants.optimizer {
    case .sgd: descend(scale)
    case .adam: adapt(scale)
    }
    return true
  }

  private func descend(_ scale: Float) {
    for (range, rate) in parts {
      let step = neural_sgd_step(
        gradient_scale: scale, rate: rate, momentum: constants.momentum,
        decay: constants.weightDecay, proximal: constants.proximal, nesterov: constants.nesterov)
      // SAFETY: the ranges are inside the store's blocks of memory, which are of one length.
      unsafe neural_sgd(
        step, Int64(range.count), pointer(store.weights, range), pointer(store.gradients, range),
        pointer(store.momenta, range), anchor.flatMap { unsafe UnsafePointer(pointer($0, range)) },
        correction.flatMap { unsafe UnsafePointer(pointer($0, range)) })
    }
  }

  private func adapt(_ scale: Float) {
    // The running means begin at 0; what they lack of the whole is made up for.
    let first = 1 - pow(Double(constants.momentum), Double(steps))
    let second = 1 - pow(Double(constants.beta2), Double(steps))
    for (range, rate) in parts {
      let step = neural_adam_step(
        gradient_scale: scale, rate: Float(Double(rate) / first),
        momentum: constants.momentum, beta2: constants.beta2, epsilon: constants.epsilon,
        spread: Float(1 / second.squareRoot()), decay: constants.weightDecay,
        proximal: constants.proximal)
      // SAFETY: the ranges are inside the store's blocks of memory, which are of one length.
      unsafe neural_adam(
        step, Int64(range.count), pointer(store.weights, range), pointer(store.gradients, range),
        pointer(store.momenta, range), squares.flatMap { unsafe pointer($0, range) },
        anchor.flatMap { unsafe UnsafePointer(pointer($0, range)) },
        correction.flatMap { unsafe UnsafePointer(pointer($0, range)) })
    }
  }

  private var gradientNorm: Double {
    parts.reduce(0) { sum, part in
      // SAFETY: the range is inside the store's gradients.
      unsafe sum
        + neural_squared_norm(Int64(part.range.count), pointer(store.gradients, part.range))
    }.squareRoot()
  }

  private func pointer(_ storage: Storage, _ range: Range<Int>) -> UnsafeMutablePointer<Float>? {
    unsafe storage.region.floats.baseAddress.map { unsafe $0 + range.lowerBound }
  }
}
