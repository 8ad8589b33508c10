package agena.interop;

import com.alibaba.fastjson2.JSONArray;
import com.alibaba.fastjson2.JSONObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.exception.RequestTimeoutException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.selector.SelectMessageQueueByHash;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.ResponseCode;

/** Sends with Apache RocketMQ's producer. */
final class ProducerTools {
    private static final long ONE_WAY_DRAIN_MS = 300;
    private static final long ASYNC_TIMEOUT_MS = 20_000;

    private final Map<String, DefaultMQProducer> running = new ConcurrentHashMap<>();

    /** Starts a producer, sends as {@link #send} does, and ends it. */
    Object produce(JSONObject request) throws Exception {
        DefaultMQProducer producer = open(request);
        try {
            return sendRows(producer, request);
        } finally {
            producer.shutdown();
        }
    }

    /** As all clients, and `group`, optionally `retries`, `compressFromBytes`, `compressType`. */
    Object start(JSONObject request) throws Exception {
        DefaultMQProducer producer = open(request);
        running.put(producer.getInstanceName(), producer);
        return Map.of("producer", producer.getInstanceName());
    }

    /**
     * `producer`, `topic`, `mode` (sync, async, oneway, batch), and `messages`. Into `queueIds` in turn,
     * by an asynchronous or ordinary send, or to the queue that a `shardingKey` chooses.
     */
    Object send(JSONObject request) throws Exception {
        return sendRows(running.get(request.getString("producer")), request);
    }

    /** `producer`, `topic`, `message`, `timeoutMs`: the reply's `body` and `topic`, or `failure`. */
    Object request(JSONObject request) throws Exception {
        Map<String, Object> result = new LinkedHashMap<>();
        Message question = Clients.message(request.getString("topic"), request.getJSONObject("message"));
        try {
            Message reply = running.get(request.getString("producer")).request(question, request.getLongValue("timeoutMs"));
            result.put("body", new String(reply.getBody(), StandardCharsets.UTF_8));
            result.put("topic", reply.getTopic());
        } catch (RequestTimeoutException | MQBrokerException | MQClientException failure) {
            result.put("failure", Clients.failureRow(failure));
        }
        return result;
    }

    /** `producer`, `topic`, and `messageId` (of either kind) or `key`: the messages found. */
    Object find(JSONObject request) throws Exception {
        DefaultMQProducer producer = running.get(request.getString("producer"));
        String topic = request.getString("topic");
        List<Object> rows = new ArrayList<>();
        if (request.containsKey("messageId")) {
            MessageExt found = producer.viewMessage(topic, request.getString("messageId"));
            rows.add(ConsumedMessages.row(found, 1));
            return rows;
        }
        try {
            producer.queryMessage(topic, request.getString("key"), 32, 0, Long.MAX_VALUE).getMessageList()
                .forEach(message -> rows.add(ConsumedMessages.row(message, 1)));
        } catch (MQClientException nothing) {
            if (nothing.getResponseCode() != ResponseCode.NO_MESSAGE) {
                throw nothing;
            }
        }
        return rows;
    }

    Object stop(JSONObject request) {
        running.remove(request.getString("producer")).shutdown();
        return null;
    }

    private static DefaultMQProducer open(JSONObject request) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(request.getString("group"));
        Clients.configure(producer, request);
        producer.setSendMsgTimeout(10_000);
        producer.setRetryTimesWhenSendFailed(request.getIntValue("retries", 2));
        producer.setRetryTimesWhenSendAsyncFailed(request.getIntValue("retries", 2));
        producer.setCompressMsgBodyOverHowmuch(request.getIntValue("compressFromBytes", 4096));
        if (request.containsKey("compressType")) {
            producer.setCompressType(CompressionType.of(request.getString("compressType")));
        }
        producer.start();
        return producer;
    }

    private static Object sendRows(DefaultMQProducer producer, JSONObject request) throws Exception {
        List<Message> messages = new ArrayList<>();
        JSONArray rows = request.getJSONArray("messages");
        for (int at = 0; at < rows.size(); at++) {
            messages.add(Clients.message(request.getString("topic"), rows.getJSONObject(at)));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        try {
            result.put("sent", request.containsKey("queueIds")
                ? sendToQueues(producer, request.getList("queueIds", Integer.class), messages)
                : request.containsKey("shardingKey")
                ? sendByKey(producer, request.getString("shardingKey"), messages)
                : sendInMode(producer, request.getString("mode"), messages));
        } catch (MQBrokerException | MQClientException failure) {
            result.put("failure", Clients.failureRow(failure));
        }
        return result;
    }

    private static List<Object> sendInMode(DefaultMQProducer producer, String mode, List<Message> messages)
        throws Exception {
        List<Object> rows = new ArrayList<>();
        switch (mode) {
            case "sync":
                for (Message message : messages) {
                    rows.add(resultRow(producer.send(message)));
                }
                return rows;
            case "async":
                return sendAsync(producer, messages);
            case "oneway":
                for (Message message : messages) {
                    producer.sendOneway(message);
                }
                Thread.sleep(ONE_WAY_DRAIN_MS);
                return rows;
            case "batch":
                rows.add(resultRow(producer.send(messages)));
                return rows;
            default:
                throw new IllegalArgumentException("no such mode: " + mode);
        }
    }

    private static List<Object> sendToQueues(DefaultMQProducer producer, List<Integer> queueIds,
        List<Message> messages) throws Exception {
        List<Object> rows = new ArrayList<>();
        List<MessageQueue> queues = producer.fetchPublishMessageQueues(messages.get(0).getTopic());
        for (int at = 0; at < messages.size(); at++) {
            int queueId = queueIds.get(at % queueIds.size());
            MessageQueue target = queues.stream().filter(queue -> queue.getQueueId() == queueId).findFirst().get();
            rows.add(resultRow(producer.send(messages.get(at), target)));
        }
        return rows;
    }

    private static List<Object> sendByKey(DefaultMQProducer producer, String key, List<Message> messages)
        throws Exception {
        List<Object> rows = new ArrayList<>();
        for (Message message : messages) {
            rows.add(resultRow(producer.send(message, new SelectMessageQueueByHash(), key)));
        }
        return rows;
    }

    private static List<Object> sendAsync(DefaultMQProducer producer, List<Message> messages) throws Exception {
        Object[] rows = new Object[messages.size()];
        CountDownLatch done = new CountDownLatch(rows.length);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        for (int at = 0; at < rows.length; at++) {
            int row = at;
            producer.send(messages.get(at), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    rows[row] = resultRow(result);
                    done.countDown();
                }

                @Override
                public void onException(Throwable cause) {
                    failure.set(cause);
                    done.countDown();
                }
            });
        }
        if (!done.await(ASYNC_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException(done.getCount() + " of " + rows.length + " sends are unanswered");
        }
        if (failure.get() != null) {
            throw new IllegalStateException(failure.get());
        }
        return List.of(rows);
    }

    private static Map<String, Object> resultRow(SendResult result) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("status", result.getSendStatus().name());
        row.put("msgId", result.getMsgId());
        row.put("offsetMsgId", result.getOffsetMsgId());
        row.put("queueId", result.getMessageQueue().getQueueId());
        row.put("brokerName", result.getMessageQueue().getBrokerName());
        row.put("queueOffset", result.getQueueOffset());
        row.put("regionId", result.getRegionId());
        return row;
    }
}
