import Federation
import Runtime
import Testing

@Suite struct SubscriptionMeterTests {
  private let limits: ConnectionLimits
  private var meter: SubscriptionMeter

  init() {
    var limits = ConnectionLimits(clients: 4, limits: ProtocolLimits())
    limits.subscriptionBytes = 1000
    limits.subscriptionBytesPerSecond = 100
    limits.allSubscriptionBytes = 2500
    self.limits = limits
    meter = SubscriptionMeter(limits)
  }

  private func cut(_ descriptors: CInt..., isNew: Bool = true) -> [SubscriptionMeter.Verdict] {
    descriptors.map { .init(descriptor: $0, isNew: isNew) }
  }

  @Test mutating func `a burst and a steady rate pass, more doesn't`() {
    #expect(meter.take([7: 1000], .zero).isEmpty)
    #expect(meter.take([7: 1100], .seconds(1)).isEmpty)
    #expect(meter.take([7: 1200], .seconds(2)).isEmpty)
    #expect(meter.take([7: 1301], .seconds(3)) == cut(7))
    #expect(meter.take([7: 1500], .seconds(3)) == cut(7, isNew: false))
  }

  @Test mutating func `who is silent gets no more than a burst back`() {
    #expect(meter.take([7: 1000], .zero).isEmpty)
    #expect(meter.take([7: 2000], .seconds(1000)).isEmpty)
    #expect(meter.take([7: 2001], .seconds(1000)) == cut(7))
  }

  @Test mutating func `of many who send too much together the worst are cut`() {
    #expect(meter.take([7: 900, 8: 800, 9: 800], .zero).isEmpty)
    #expect(meter.take([7: 900, 8: 901, 9: 800], .zero) == cut(8))
    // It is gone: the others have room again.
    #expect(meter.take([7: 900, 9: 800, 10: 800], .zero).isEmpty)
  }

  @Test mutating func `another connection of the same descriptor begins anew`() {
    #expect(meter.take([7: 1000], .zero).isEmpty)
    #expect(meter.take([7: 999], .zero).isEmpty)
    #expect(meter.take([:], .zero).isEmpty)
    #expect(meter.take([7: 1000], .zero).isEmpty)
    #expect(meter.take([7: 1001], .zero) == cut(7))
  }
}
