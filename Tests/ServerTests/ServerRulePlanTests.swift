import Federation
import Server
import Testing

/// The server's rule in the plan by which a run knows whether it goes on as it began.
struct ServerRulePlanTests {
  @Test(arguments: [
    (ServerRule.plain, "average(rate: 1.0, momentum: 0.0)"),
    (.average(rate: 0.5, momentum: 0.9), "average(rate: 0.5, momentum: 0.9)"),
    (
      .adaptive(AdaptiveRule(.yogi)),
      "adaptive(Federation.AdaptiveRule(kind: Federation.AdaptiveRule.Kind.yogi, rate: 0.01, "
        + "momentum: 0.9, decay: 0.99, floor: 0.001))"
    ),
  ])
  func `a rule is written as in the plans of earlier versions`(rule: ServerRule, text: String) {
    #expect(rule.planText == text)
  }
}
