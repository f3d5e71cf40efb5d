//! The refusals about templates and standard changes.

/// Passes these refusals on to the next macro, after those before; see [`super`].
macro_rules! template {
    ($next:ident! $($rest:ident!)*; $($before:tt)*) => { $next! { $($rest!)*; $($before)*
    // Templates
    /// A template that is not in force.
    TemplateNone { /** Which. */ template: TemplateName } =>
        "template-in-force",
        ["no template {template} is in force", "没有生效的模板 {template}"],
        ["`twinseal template list` lists the templates; for other work file a normal change",
         "`twinseal template list` 列出模板；其他工作请提交常规变更"];
    /// A change from an older template than the one in force.
    TemplateReplaced { /** Which. */ template: TemplateName } =>
        "template-current",
        ["template {template} was replaced since this change was written", "模板 {template} 在此变更单写成后已被替换"],
        ["revise the change: `twinseal draft --from CHG-N` takes the template in force",
         "请修订变更单：`twinseal draft --from CHG-N` 采用生效的模板"];
    /// A template after its end.
    TemplateEnded { /** Which. */ template: TemplateName, /** Its end. */ until: Time } =>
        "template-ended",
        ["template {template} ends {until}, before the change could start",
         "模板 {template} 于 {until} 失效，早于变更可以开始的时间"],
        ["an admin proposes it again with a later end: `twinseal template propose FILE`",
         "请管理员以更晚的失效时间重新提案：`twinseal template propose FILE`"];
    /// A template with an end in the past, or too far ahead.
    TemplateUntil { /** Its end. */ until: Time } =>
        "template-until",
        ["a template ends in the future and within two years, and this one ends {until}",
         "模板的失效时间须在未来两年之内，而此模板于 {until} 失效"],
        ["choose another end", "请选择其他失效时间"];
    /// A template on a change of another kind.
    TemplateKind =>
        "template-kind",
        ["only a standard change has a template", "只有标准变更才有模板"],
        ["leave out kind, or leave out template", "请删去 kind，或删去 template"];
    /// A change that was filed too shortly before its window.
    TemplateLead { /** The minutes required. */ minutes: u64 } =>
        "template-lead",
        ["the template requires {minutes} min between filing and the start of the window",
         "按模板要求，提交须至少早于窗口开始 {minutes} 分钟"],
        ["choose a later window", "请选择更晚的窗口"];
    /// A change that says something else than its template.
    TemplateSays { /** What the template says. */ field: &'static str } =>
        "template-says",
        ["{field} is the template's: a standard change cannot say it otherwise", "{field} 由模板规定：标准变更不能另行填写"],
        ["for other work file a normal change", "其他工作请提交常规变更"];
    /// A service that the template does not list.
    TemplateService { /** Which. */ service: ServiceId } =>
        "template-service",
        ["the template does not list service {service}", "模板未列出服务 {service}"],
        ["`twinseal template show NAME` lists its services", "`twinseal template show NAME` 列出其服务"];
    /// An environment that the template does not list.
    TemplateEnvironment { /** Which. */ environment: Environment } =>
        "template-environment",
        ["the template does not list environment {environment}", "模板未列出环境 {environment}"],
        ["`twinseal template show NAME` lists its environments", "`twinseal template show NAME` 列出其环境"];
    /// More targets than the template allows.
    TemplateTargets { /** The number. */ found: u64, /** The limit. */ most: u64 } =>
        "template-targets",
        ["{found} targets; the template allows at most {most}", "共有 {found} 个目标，模板最多允许 {most} 个"],
        ["file one change for each group of targets", "请把目标分组，每组提交一个变更单"];
    /// A blank without a value.
    ValueMissing { /** Which. */ blank: BlankName, /** What may stand there. */ form: String } =>
        "template-value-missing",
        ["blank {blank} needs a value: {form}", "空项 {blank} 须填写：{form}"],
        ["", ""];
    /// A value for a blank that the template does not have.
    ValueUnknown { /** Which. */ blank: BlankName } =>
        "template-value-unknown",
        ["the template has no blank {blank}", "模板没有空项 {blank}"],
        ["leave it out", "请将其删去"];
    /// A value of another form than the template states.
    ValueForm { /** Which. */ blank: BlankName, /** What may stand there. */ form: String } =>
        "template-value-form",
        ["the value of blank {blank} must be {form}", "空项 {blank} 的值须为：{form}"],
        ["", ""];
    /// A blank in a text whose form is not stated.
    BlankUndeclared { /** Which. */ blank: BlankName } =>
        "template-blank-declared",
        ["the form of blank {blank} is not stated", "未说明空项 {blank} 的格式"],
        ["state it in the table blanks.{blank}", "请在表 blanks.{blank} 中说明"];
    /// A blank that stands in no text.
    BlankUnused { /** Which. */ blank: BlankName } =>
        "template-blank-used",
        ["blank {blank} stands in no text and no command", "空项 {blank} 未出现在任何文本或命令中"],
        ["write it where it belongs, or leave out its table", "请写在相应位置，或删去其表"];
    /// Two opening braces that begin no blank.
    BlankForm { /** The braces, and what follows. */ text: String } =>
        "template-blank-form",
        ["not a blank: {text}", "不是空项：{text}"],
        ["a blank is a name in two pairs of braces; two opening braces mean nothing else",
         "空项是两层花括号中的名称；两个左花括号没有其他含义"];
    } };
}

pub(super) use template;
