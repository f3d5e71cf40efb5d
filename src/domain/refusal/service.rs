//! The refusals about services.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! service {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Services
    /// A service that is not in force.
    NoService { /** Which. */ service: ServiceId } =>
        "service-known",
        ["no service {service} is in force", "没有生效的服务 {service}"],
        ["`twinseal service list` lists the services; an admin adds one with `twinseal service import`",
         "`twinseal service list` 列出服务；管理员可用 `twinseal service import` 增加"];
    /// A change in other environments than one of its services.
    ServiceEnvironment { /** Which service. */ service: ServiceId, /** Its environment. */ environment: Environment } =>
        "service-environment",
        ["service {service} is in environment {environment}, which the change does not name",
         "服务 {service} 属于环境 {environment}，而变更单未列出该环境"],
        ["add {environment} to environments, or take {service} out of services",
         "请在 environments 中加上 {environment}，或从 services 中删去 {service}"];
    /// A service as it is in force already.
    ServiceSame { /** Which. */ service: ServiceId } =>
        "service-changes",
        ["service {service} is in force as it is proposed", "服务 {service} 与提案内容一致，已生效"],
        ["leave it out", "请将其删去"];
    /// A service that needs one that is not in the resulting set.
    ServiceNeeds { /** Which. */ service: ServiceId, /** What it needs. */ needs: ServiceId } =>
        "service-needs",
        ["service {service} depends on {needs}, which would not be in force", "服务 {service} 依赖 {needs}，后者将不生效"],
        ["add {needs}, or take it out of depends_on of {service}", "请加上 {needs}，或从 {service} 的 depends_on 中删去"];
    /// Services that need each other in a circle.
    ServiceCycle { /** Each needs the next, the last the first. */ services: Vec<ServiceId> } =>
        "service-cycle",
        ["these services would depend on each other in a circle: {}", "以下服务将循环依赖：{}"]
        (crate::domain::service::circle(services)),
        ["take one of these out of depends_on", "请从 depends_on 中删去其中一个"];
    /// Too many services.
    TooManyServices =>
        "service-limit",
        ["a register has at most {} services", "变更台账最多有 {} 个服务"] (crate::domain::MOST_SERVICES),
        ["drop services that are gone: `twinseal service import FILE --prune`",
         "请去掉已下线的服务：`twinseal service import FILE --prune`"];
    /// A set of services with another count or root than the difference gives.
    ServicesRoot { /** The number of services. */ count: u64, /** Their root. */ expected: Digest } =>
        "service-root",
        ["the resulting set has {count} services and the root {expected}", "结果集合有 {count} 个服务，根哈希为 {expected}"],
        ["", ""];
    } };
}

pub(super) use service;
