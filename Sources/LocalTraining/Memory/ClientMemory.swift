import Codecs
import Federation
import Progressive
package import Tensors
package import Topology

/// A client's memory from one update that counts to the next.
package struct ClientMemory: Hashable, Sendable {
  /// The values that its codec left out of its updates; nil without error feedback.
  var residual: Residual?
  /// Its control variates; nil without SCAFFOLD.
  var controlVariates: ClientControlVariates?

  /// A memory in which nothing is yet, with a place for all that `topology` has clients remember.
  package init(for topology: Topology) {
    self.init(
      keepsResiduals: topology.codecs.errorFeedback,
      keepsControlVariates: topology.training.correction == .scaffold)
  }

  /// A memory in which nothing is yet, with a place for these parts.
  package init(keepsResiduals: Bool, keepsControlVariates: Bool) {
    residual = keepsResiduals ? Residual() : nil
    controlVariates = keepsControlVariates ? ClientControlVariates() : nil
  }

  /// A memory of the vectors `kept`, arranged like `memory`.
  package init(_ kept: [ParameterVector], like memory: ClientMemory) {
    let residuals = kept.filter { SegmentName($0.layout.name)?.corrected == nil }
    residual = memory.residual.map { _ in Residual(residuals) }
    controlVariates = memory.controlVariates.map { _ in ClientControlVariates(kept) }
  }

  /// The number of parts, each as large as a model, that it may have.
  package var parts: Int { (residual == nil ? 0 : 1) + (controlVariates == nil ? 0 : 1) }

  /// All values, in the order of their names.
  package var vectors: [ParameterVector] {
    let residuals = residual.map { Array($0.segments.values) } ?? []
    let all = residuals + (controlVariates.map { Array($0.values.values) } ?? [])
    return all.sorted { $0.layout.name < $1.layout.name }
  }

  /// Keeps what belongs to the segments of `layouts` and drops the rest: what is new begins with
  /// nothing.
  mutating func adapt(to layouts: [ParameterLayout]) {
    residual?.adapt(to: layouts)
    controlVariates?.adapt(to: layouts)
  }
}
