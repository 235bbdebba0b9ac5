import Codecs
import Federation
import Measures
import Models
import Progressive
import Tensors

/// The expected bytes of the model that one participating client receives, for each step of the
/// strategy.
///
/// A step is needed by whoever didn't take part since it was made: with k of n clients in each
/// round, after t rounds that is a share of (1 − k/n)ᵗ. It is expected that each round changes what
/// it trains.
struct DownForecast {
  /// The bytes, by step, summed over its rounds.
  let bytes: [Double]

  /// The expected transfers of one segment.
  fileprivate struct Way {
    /// The round of the keyframe, and its bytes.
    var keyframe: (round: Int, bytes: Double)
    /// The bytes of the differences since then, and how many there are.
    var differences = (bytes: 0.0, count: 0)
    /// The bytes that a client of the next round is expected to lack.
    var lacking: (keyframe: Double, differences: Double)
    /// The bytes that it is expected to receive.
    var expected: Double { lacking.keyframe + lacking.differences }

    /// A way that begins with a keyframe, or with `told` bytes that say as much.
    init(keyframe bytes: Double, round: Int, told: Double? = nil) {
      keyframe = (round, bytes)
      lacking = (told ?? bytes, 0)
    }
  }

  /// The expected transfers of one segment's control variate.
  fileprivate struct ControlVariate {
    /// Its transfers to the clients; nil as long as it never moved.
    var way: Way?
    /// The last round that trained the segment, 0 for none.
    var lastRound = 0
  }

  init(_ topology: Topology) {
    let schedule = topology.growthSchedule
    let idle = 1 - min(1, Double(topology.rules.clientsAsked) / Double(topology.clients))
    let codecs = topology.codecs
    let layouts = (1...schedule.stages).map { topology.layouts(stage: $0) }
    let keyframes = layouts.map { $0.map { Double(codecs.down.expectedSize(of: $0).bytes) } }
    var ways: [SegmentName: Way] = [:]
    var controlVariates: [SegmentName: ControlVariate] = [:]
    var sums = Array(repeating: 0.0, count: schedule.stages)
    var last: Phase?
    for round in 1..<schedule.totalRounds + 1 {
      let phase = schedule.phase(in: round)
      let stage = phase.stage - 1
      for (index, name) in phase.segments.enumerated() {
        let size = keyframes[stage][index]
        if var way = ways[name] {
          way.age(idle)
          if let last, last.segments.contains(name), last.trains(name) {
            way.change(
              codecs.delta(in: phase), layouts[stage][index], by: codecs.down, in: round)
          }
          // What no round trains any more goes down whole, once.
          if phase.leaves(name), way.differences.count > 0 {
            way = Way(keyframe: size, round: round)
          }
          ways[name] = way
        } else {
          let isTold = topology.tellsSeed(of: name, in: phase)
          ways[name] = Way(
            keyframe: size, round: round, told: isTold ? Double(FreshValues.byteCount) : nil)
        }
        sums[phase.step - 1] += ways[name]?.expected ?? 0
      }
      for (index, name) in phase.segments.enumerated()
      where phase.trains(name) && topology.training.correction == .scaffold {
        controlVariates[name, default: ControlVariate()].train(
          layouts[stage][index].controlVariate, in: round, codecs: codecs,
          plan: codecs.delta(in: phase), idle: idle)
        sums[phase.step - 1] += controlVariates[name]?.way?.expected ?? 0
      }
      last = phase
    }
    bytes = sums
  }
}

extension DownForecast.ControlVariate {
  /// A round trains the segment: its control variate goes down, if it moved in an earlier one, and
  /// moves.
  ///
  /// Clients forget it in a round that doesn't train the segment, and lack all of it afterwards.
  fileprivate mutating func train(
    _ layout: ParameterLayout, in round: Int, codecs: CodecsSection, plan: DeltaPlan?, idle: Double
  ) {
    let size = Double(codecs.down.expectedSize(of: layout).bytes)
    if way != nil {
      if lastRound == round - 1 { way?.age(idle) } else { way?.forget() }
      way?.change(plan, layout, by: codecs.down, in: round)
    } else if lastRound > 0 {
      way = DownForecast.Way(keyframe: size, round: round)
    }
    lastRound = round
  }
}

extension DownForecast.Way {
  /// A round passes, in which a share `idle` of the clients takes no part.
  fileprivate mutating func age(_ idle: Double) {
    lacking.keyframe *= idle
    lacking.differences *= idle
  }

  /// Nobody has any of it any more.
  fileprivate mutating func forget() { lacking = (keyframe.bytes, differences.bytes) }

  /// The values changed: a difference is added, or a keyframe begins anew.
  fileprivate mutating func change(
    _ plan: DeltaPlan?, _ layout: ParameterLayout, by down: UpdateCodec, in round: Int
  ) {
    guard let plan,
      !plan.needsKeyframe(
        of: layout, by: down, after: round - keyframe.round, steps: differences.count + 1,
        differences: ByteCount(Int(differences.bytes)))
    else {
      self = Self(keyframe: Double(down.expectedSize(of: layout).bytes), round: round)
      return
    }
    let bytes = Double(plan.codec.expectedSize(of: layout).bytes)
    switch plan.reference {
    case .last:
      differences = (differences.bytes + bytes, differences.count + 1)
      lacking.differences += bytes
    case .anchor:
      differences = (bytes, 1)
      lacking.differences = bytes
    }
  }
}
