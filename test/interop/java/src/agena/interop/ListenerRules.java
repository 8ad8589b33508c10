package agena.interop;

import com.alibaba.fastjson2.JSONArray;
import com.alibaba.fastjson2.JSONObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * What a listener does, since its code cannot be sent: the first rule that fits counts, and a message
 * that none fits is consumed. A rule has, all optional, `body` (what the message's begins with),
 * `times` (it holds while the message was delivered less often than that, as this listener counts),
 * `answer` (success, later, throw), `delayLevel`, `suspendMs`, `holdMs` (how long the listener takes),
 * and `reply` (true sends an answer to a question).
 */
final class ListenerRules {
    /** What is to be done about a message. */
    record Rule(String body, int times, String answer, int delayLevel, long suspendMs, long holdMs, boolean reply) { }

    private static final Rule CONSUMED = new Rule("", Integer.MAX_VALUE, "success", 0, -1, 0, false);

    private final List<Rule> rules = new ArrayList<>();
    private final Map<String, Integer> deliveries = new ConcurrentHashMap<>();
    private final DefaultMQProducer replier;

    ListenerRules(JSONArray rows, DefaultMQProducer replier) {
        this.replier = replier;
        for (int at = 0; rows != null && at < rows.size(); at++) {
            JSONObject row = rows.getJSONObject(at);
            rules.add(new Rule(row.containsKey("body") ? row.getString("body") : "",
                row.getIntValue("times", Integer.MAX_VALUE),
                row.containsKey("answer") ? row.getString("answer") : "success",
                row.getIntValue("delayLevel", 0), row.getLongValue("suspendMs", -1L),
                row.getLongValue("holdMs", 0L), row.getBooleanValue("reply")));
        }
    }

    /** Finds the rule for the first of what was delivered, waits as it says, replies, throws. */
    Rule apply(List<MessageExt> messages) throws Exception {
        MessageExt message = messages.get(0);
        String body = new String(message.getBody(), StandardCharsets.UTF_8);
        messages.forEach(delivered -> deliveries.merge(delivered.getMsgId(), 1, Integer::sum));
        int times = deliveries.get(message.getMsgId());
        Rule rule = rules.stream().filter(candidate -> body.startsWith(candidate.body()) && times <= candidate.times())
            .findFirst().orElse(CONSUMED);
        if (rule.holdMs() > 0) {
            Thread.sleep(rule.holdMs());
        }
        if (rule.reply()) {
            replier.send(MessageUtil.createReplyMessage(message, ("re: " + body).getBytes(StandardCharsets.UTF_8)));
        }
        if (rule.answer().equals("throw")) {
            throw new IllegalStateException("as the rule says");
        }
        return rule;
    }
}
