package agena.interop;

import com.alibaba.fastjson2.JSONObject;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageConst;

/** What all clients of a request have in common. */
final class Clients {
    /** Instead of 30 s and 5 s: a topic or group that has just been made is known soon. */
    private static final int ROUTE_INTERVAL_MS = 1_000;
    private static final int PERSIST_INTERVAL_MS = 500;

    private Clients() {
    }

    /** `nameServer`, and optionally `instanceName`, `namespace` and `trace`. */
    static void configure(ClientConfig client, JSONObject request) {
        client.setNamesrvAddr(request.getString("nameServer"));
        client.setInstanceName(request.containsKey("instanceName")
            ? request.getString("instanceName") : UUID.randomUUID().toString());
        client.setPollNameServerInterval(ROUTE_INTERVAL_MS);
        client.setPersistConsumerOffsetInterval(PERSIST_INTERVAL_MS);
        if (request.containsKey("namespace")) {
            client.setNamespace(request.getString("namespace"));
        }
        if (request.getBooleanValue("trace")) {
            client.setEnableTrace(true);
        }
    }

    /** A message: `topic`, `body`, and optionally `tags`, `keys` (a list), `properties`, `flag`,
     *  `delayLevel`, `deliverAfterMs`, `prepared`. */
    static Message message(String topic, JSONObject row) {
        Message message = new Message(topic, row.getString("body").getBytes(StandardCharsets.UTF_8));
        if (row.containsKey("tags")) {
            message.setTags(row.getString("tags"));
        }
        if (row.containsKey("keys")) {
            message.setKeys(row.getList("keys", String.class));
        }
        if (row.containsKey("properties")) {
            row.getJSONObject("properties").forEach((name, value) ->
                message.putUserProperty(name, String.valueOf(value)));
        }
        if (row.containsKey("flag")) {
            message.setFlag(row.getIntValue("flag"));
        }
        if (row.containsKey("delayLevel")) {
            message.setDelayTimeLevel(row.getIntValue("delayLevel"));
        }
        if (row.containsKey("deliverAfterMs")) {
            message.setDelayTimeMs(row.getLongValue("deliverAfterMs"));
        }
        if (row.containsKey("prepared")) {
            MessageAccess.put(message, MessageConst.PROPERTY_TRANSACTION_PREPARED, "true");
        }
        return message;
    }

    /** `failure`: the code is the broker's, or the client's own of 10000 and above. */
    static Map<String, Object> failureRow(Exception failure) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("exception", failure.getClass().getSimpleName());
        row.put("code", failure instanceof MQBrokerException ? ((MQBrokerException) failure).getResponseCode()
            : failure instanceof MQClientException ? ((MQClientException) failure).getResponseCode() : -1);
        row.put("message", String.valueOf(failure.getMessage()));
        return row;
    }
}
