import CNeuralKernels
import Codecs
import Federation
import Tensors

/// A federation whose client i minimizes ½ Σ aᵢ (x − bᵢ)², with the product's own steps, control
/// variates and means.
struct QuadraticFleet {
  /// What a client minimizes, and how.
  struct Client {
    /// The curvatures aᵢ, scalar by scalar.
    var curvatures: [Float]
    /// The minima bᵢ.
    var minima: [Float]
    /// How many steps it makes in a round.
    var steps: Int
    /// What its updates count for.
    var weight = 1.0
    /// The segments that it trains; nil for all.
    var covered: Set<String>?
  }

  /// A part of the model: its layout, and which of the problem's scalars are in it.
  struct Segment {
    var layout: ParameterLayout
    var scalars: [Int]
  }

  let clients: [Client]
  let segments: [Segment]
  /// The learning rate, η.
  var rate: Float
  var localSteps = LocalSteps()
  /// The pull to the start, μ.
  var proximal: Float = 0
  var averaging = Averaging.mean
  var correction = Correction.none

  private(set) var model: [ParameterVector]
  private(set) var server = ServerControlVariates()
  private(set) var controlVariates: [ClientControlVariates]
  private let codec = UpdateCodec(.dense32)

  /// A federation whose model is one block, or the given segments, all 0.
  init(_ clients: [Client], segments: [Segment]? = nil, rate: Float) {
    self.clients = clients
    self.rate = rate
    let count = clients[0].minima.count
    let block = Segment(
      layout: ParameterLayout(
        name: "block1", parameters: [Parameter("weight", Shape([count]), role: .weight)]),
      scalars: Array(0..<count))
    self.segments = segments ?? [block]
    model = self.segments.map {
      ParameterVector(layout: $0.layout, scalars: Array(repeating: 0, count: $0.layout.count))
    }
    controlVariates = clients.map { _ in ClientControlVariates() }
  }

  /// The model's scalars in the problem's order.
  var values: [Float] { ordered(model) }

  /// The server's control variates in the problem's order.
  var controlVariate: [Float] {
    ordered(segments.compactMap { server.values[$0.layout.segment] })
  }

  /// A client's control variates in the problem's order.
  func controlVariate(of client: Int) -> [Float] {
    let vectors = segments.map { segment in
      controlVariates[client].values[segment.layout.segment]
        ?? ParameterVector(
          layout: segment.layout, scalars: Array(repeating: 0, count: segment.layout.count))
    }
    return ordered(vectors)
  }

  /// Where the mean of the clients' objectives is least.
  var optimum: [Double] {
    clients[0].minima.indices.map { index in
      let curvatures = clients.map { Double($0.curvatures[index]) * $0.weight }
      let pulls = zip(curvatures, clients).map { $0 * Double($1.minima[index]) }
      return pulls.reduce(0, +) / curvatures.reduce(0, +)
    }
  }

  /// How far the model is from there.
  var distance: Double {
    zip(values, optimum).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
      .squareRoot()
  }

  /// Trains on the `selected` clients and steps by their updates.
  mutating func round(_ selected: [Int]) throws {
    var (mean, gradients) = (Aggregator(), Aggregator())
    let sent = segments.map { server.values[$0.layout.segment] }
    for client in selected {
      let layouts = covered(by: client).map { segments[$0].layout }
      mean.expect(
        layouts, denominatorWeight: clients[client].weight, localSteps: localSteps(of: client))
      gradients.expect(layouts, denominatorWeight: clients[client].weight)
    }
    for client in selected {
      let covered = covered(by: client)
      let changes = covered.map { train($0, on: client, sent: sent[$0]) }
      let update = UpdateFraming.join(try changes.map { try codec.encode($0, key: 1) })
      let weight = clients[client].weight
      try mean.fold(
        update, of: changes.map(\.layout), codec: codec, weight: weight,
        localSteps: localSteps(of: client))
      guard correction == .scaffold,
        let reach = localSteps.reach(of: clients[client].steps, rate: rate)
      else { continue }
      try gradients.fold(update, of: changes.map(\.layout), codec: codec, weight: weight / reach)
      for (index, change) in zip(covered, changes) {
        controlVariates[client].step(change, sent: sent[index], reach: reach)
      }
    }
    for step in mean.means {
      guard let index = segments.firstIndex(where: { $0.layout == step.layout }) else { continue }
      for scalar in step.scalars.indices { model[index].scalars[scalar] += step.scalars[scalar] }
    }
    guard correction == .scaffold else { return }
    let all = clients.reduce(0) { $0 + $1.weight }
    for direction in gradients.means {
      let name = direction.layout.name
      let index = segments.firstIndex { $0.layout.name == name }
      server.step(
        direction, sent: index.flatMap { sent[$0] },
        share: gradients.denominatorWeight(of: name) / all)
    }
  }

  private func covered(by client: Int) -> [Int] {
    segments.indices.filter {
      clients[client].covered?.contains(segments[$0].layout.name) ?? true
    }
  }

  private func localSteps(of client: Int) -> Double {
    averaging == .fednova ? localSteps.norm(of: clients[client].steps) : 1
  }

  /// A client's update of one segment.
  private func train(_ index: Int, on client: Int, sent: ParameterVector?) -> ParameterVector {
    let (segment, start) = (segments[index], model[index].scalars)
    let task = clients[client]
    let step = neural_sgd_step(
      gradient_scale: 1, rate: rate, momentum: Float(localSteps.momentum), decay: 0,
      proximal: proximal, nesterov: localSteps.nesterov)
    let correction =
      correction == .scaffold
      ? controlVariates[client].correction(of: segment.layout, sent: sent).scalars
      : Array(repeating: 0, count: start.count)
    var (weights, momenta) = (start, [Float](repeating: 0, count: start.count))
    for _ in 0..<task.steps {
      let gradients = zip(segment.scalars, weights).map { scalar, weight in
        task.curvatures[scalar] * (weight - task.minima[scalar])
      }
      neural_sgd(step, Int64(weights.count), &weights, gradients, &momenta, start, correction)
    }
    return ParameterVector(layout: segment.layout, scalars: zip(weights, start).map { $0 - $1 })
  }

  private func ordered(_ vectors: [ParameterVector]) -> [Float] {
    var ordered = [Float](repeating: 0, count: clients[0].minima.count)
    for (segment, vector) in zip(segments, vectors) {
      for (scalar, value) in zip(segment.scalars, vector.scalars) { ordered[scalar] = value }
    }
    return ordered
  }
}
